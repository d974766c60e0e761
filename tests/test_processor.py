import os
import sys
from pathlib import Path

import pytest

from emolab.processor import usable_cores


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no file limits the cores")
@pytest.mark.parametrize(("limit", "most"), [("50000 100000", 1), ("150000 100000", 2), ("max 100000", 10**6)])
def test_a_containers_limit_is_kept_to_and_begun_cores_count(tmp_path: Path, limit: str, most: int) -> None:
    (tmp_path / "cpu.max").write_text(f"{limit}\n")
    unlimited = usable_cores(tmp_path / "absent")
    assert unlimited == len(os.sched_getaffinity(0))
    assert usable_cores(tmp_path / "cpu.max") == min(unlimited, most)
