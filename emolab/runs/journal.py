"""`metrics.jsonl`: one line an epoch, on the disk before the next epoch begins."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from emolab import files
from emolab.plain import plain


def append(path: Path, line: Mapping[str, Any]) -> None:
    """Add one line and flush it to the disk; a line that can't be written whole is taken back.

    Raises:
        OSError: if the folder can't be written or the disk is full.
    """
    text = json.dumps(plain(line), ensure_ascii=False, allow_nan=False) + "\n"
    with path.open("ab", buffering=0) as handle:  # a buffer would write its rest again when closed
        before = handle.tell()
        try:
            rest = memoryview(text.encode())
            while rest:
                rest = rest[handle.write(rest) :]
            os.fsync(handle.fileno())
        except OSError:
            os.truncate(path, before)
            raise


def read(path: Path) -> list[dict[str, Any]]:
    """Return the whole lines; what a killed process left half-written, and anything after it, is left out.

    So is what lies beyond the size of any text that emolab writes: a stranger's file might fill the memory.
    """
    lines: list[dict[str, Any]] = []
    if not path.is_file():
        return lines
    with path.open("rb") as handle:
        whole = handle.read(files.LARGEST_TEXT)
    for text in whole.splitlines(keepends=True):
        line = _parsed(text)
        if line is None:
            break
        lines.append(line)
    return lines


def _parsed(text: bytes) -> dict[str, Any] | None:
    if not text.endswith(b"\n"):
        return None
    try:
        line = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return line if isinstance(line, dict) and isinstance(line.get("epoch"), int) else None


def truncate(path: Path, epoch: int) -> None:
    """Keep only the lines whose epoch is below `epoch`, atomically: a resumed run writes the others again."""
    kept = [line for line in read(path) if line["epoch"] < epoch]
    files.write_text(path, "".join(json.dumps(line, ensure_ascii=False) + "\n" for line in kept))
