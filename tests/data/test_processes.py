import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from made_photographs import DeadlyPath, KilledPath, class_folders, encoded, made, picture, write
from waiting import wait_for, within

from emolab.data.convert import CHUNK, convert
from emolab.data.image import Limits
from emolab.data.readers.folder import FolderReader
from emolab.data.records import Record
from emolab.data.storage import allocate

PREPARE = """
import sys
from pathlib import Path
if __name__ == "__main__":  # as for the verbs, only this process imports what follows
    from emolab.data.build import prepare
    from emolab.data.options import Options
    from emolab.data.readers.folder import FolderReader
    root, cache, workers = sys.argv[1:]
    data = prepare(FolderReader(root), Options("made", 32), Path(cache), int(workers))
    print(data.content)
"""


def start(tmp_path: Path, root: Path, workers: int = 2) -> subprocess.Popen:
    script = tmp_path / "prepare_made.py"
    if not script.exists():  # another process may be reading it
        script.write_text(PREPARE)
    command = [sys.executable, str(script), str(root), str(tmp_path / "cache"), str(workers)]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    return subprocess.Popen(command, stdout=-1, stderr=-1, text=True, env=environment, start_new_session=True)


# Its workers take a while before they come to the photographs.
SLOWLY = """
import os, time
from pathlib import Path
from emolab.prepare import main
if __name__ == "__mp_main__":
    Path(f"starting-{os.getpid()}").touch()
    time.sleep(int(os.environ["STARTING_SECONDS"]))
if __name__ == "__main__":
    main()
"""


@pytest.fixture(scope="module")
def photographs(tmp_path_factory) -> Path:
    root = class_folders(tmp_path_factory.mktemp("photographs"), {"sad": 40, "anger": 40})
    for number in range(20):  # large ones, so that there is time to interrupt
        write(root / f"sad/large{number}.png", encoded(picture(number, 1500, 1500), "PNG", compress_level=1))
    return root


@pytest.fixture(scope="module")
def content(tmp_path_factory, photographs) -> str:
    """The digest of these photographs, prepared without interruption."""
    return made(FolderReader(photographs), tmp_path_factory.mktemp("whole")).content


def test_processes_that_start_together_build_once_and_agree(tmp_path, photographs):
    processes = [start(tmp_path, photographs) for _ in range(3)]
    outcomes = [process.communicate(timeout=300) for process in processes]
    assert [process.returncode for process in processes] == [0, 0, 0], outcomes
    assert len({printed for printed, _ in outcomes}) == 1
    assert sum("prepared made" in said for _, said in outcomes) == 1
    assert len([entry for entry in (tmp_path / "cache").iterdir() if entry.is_dir()]) == 1


@pytest.mark.parametrize("share", [0.0, 0.3, 0.7])
def test_a_build_that_is_killed_leaves_nothing_and_the_next_one_is_whole(tmp_path, photographs, content, share):
    process = start(tmp_path, photographs)
    part = _wait_for_part(tmp_path / "cache", share)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert part.is_dir()  # it was killed in the middle
    assert not list((tmp_path / "cache").glob("made-*"))
    assert _all_gone(process.pid)
    again = start(tmp_path, photographs)
    printed, said = again.communicate(timeout=300)
    assert again.returncode == 0, said
    assert printed.strip() == content
    assert [entry.name[:5] for entry in (tmp_path / "cache").iterdir() if entry.is_dir()] == ["made-"]


def _wait_for_part(cache: Path, share: float) -> Path:
    """Return the temporary folder once `share` of its images are written."""

    def found() -> Path | None:
        for part in cache.glob(".tmp-*/made-*"):
            rows = _rows_so_far(part / "images.npy")
            if rows is not None and rows.any(axis=(1, 2, 3)).mean() >= share:
                return part
        return None

    return wait_for(found, pause=0.005)


def _rows_so_far(images: Path) -> np.ndarray | None:
    """Return the rows, or None until the file has its length: some file systems let it grow to it bit by bit."""
    try:
        return np.load(images, mmap_mode="r")
    except (FileNotFoundError, EOFError, ValueError):  # none yet, empty, shorter than its header says
        return None


def _all_gone(group: int) -> bool:
    """Whether every worker of the killed process ends by itself within two minutes."""
    if within(120, lambda: _is_gone(group)):
        return True
    os.killpg(group, signal.SIGKILL)
    return False


def _is_gone(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return True
    return False


def test_files_that_bring_their_decoder_down_cost_only_themselves_and_a_killed_reader_none(tmp_path):
    paths = [write(tmp_path / f"{number:03d}.png", encoded(picture(number), "PNG")) for number in range(CHUNK + 3)]
    records = [Record(path.name, "sad", path=path) for path in paths]
    for deadly in (5, 6, CHUNK + 1):
        records[deadly] = Record("deadly", "sad", path=DeadlyPath(paths[deadly]))
    records[7] = Record("killed", "sad", path=KilledPath(paths[7]))
    images = tmp_path / "images.npy"
    allocate(images, len(records), 16)
    outcomes = [outcome for chunk in convert(records, images, Limits(), workers=2) for outcome in chunk]
    assert [at for at, outcome in enumerate(outcomes) if outcome.reason] == [5, 6, 7, CHUNK + 1]
    assert {outcomes[at].reason for at in (5, 6, CHUNK + 1)} == {"brings its decoder down"}
    assert [at for at, outcome in enumerate(outcomes) if outcome.passing] == [7]  # not the photograph's fault
    assert "killed" in outcomes[7].reason
    assert np.load(images).any(axis=(1, 2, 3)).sum() == len(records) - 4


@pytest.mark.parametrize(("seconds", "share"), [(900, 0.0), (0, 0.3)])
def test_ctrl_c_is_one_line_and_ends_workers_that_start_or_work(tmp_path, photographs, seconds, share):
    (tmp_path / "slowly.py").write_text(SLOWLY)
    data = ("data=folder", "data.name=made", f"data.root={photographs}", "workers=2")
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), "STARTING_SECONDS": str(seconds)}
    process = subprocess.Popen(
        [sys.executable, "slowly.py", *data],
        cwd=tmp_path, stdout=-1, stderr=-1, text=True, env=environment, start_new_session=True,
    )  # fmt: skip
    part = _wait_for_part(tmp_path / "cache", share)
    wait_for(lambda: len(list(tmp_path.glob("starting-*"))) == 2)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, said = process.communicate(timeout=300)  # until no process has the pipes any more
    assert process.returncode == 130
    told = [line for line in said.splitlines() if not line.startswith("preparing made: ")]  # which a slow one says
    assert told == ["interrupted: nothing is prepared yet; the same command begins again"]
    assert not part.exists()
    assert _all_gone(process.pid)
