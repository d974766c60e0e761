import os
import platform
import subprocess
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


@pytest.mark.skipif(platform.machine() not in ("x86_64", "AMD64"), reason="oneDNN is taken on x86 processors alone")
@pytest.mark.parametrize(("said", "taken"), [(None, "True"), ("0", "False")])
def test_tensorflow_computes_with_onednn_unless_the_user_says_no(said: str | None, taken: str) -> None:
    program = (
        "from emolab.processor import take_fast_kernels; take_fast_kernels();"
        "from tensorflow.python.util import _pywrap_util_port as port; print(port.IsMklEnabled())"
    )
    environment = {name: value for name, value in os.environ.items() if name != "TF_ENABLE_ONEDNN_OPTS"}
    environment |= {} if said is None else {"TF_ENABLE_ONEDNN_OPTS": said}
    answer = subprocess.run(
        [sys.executable, "-c", program], env=environment, capture_output=True, text=True, check=True
    )
    assert answer.stdout.split()[-1] == taken
