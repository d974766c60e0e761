import os
import platform
import sys
from pathlib import Path

import pytest

from emolab.processor import take_fast_kernels, usable_cores

ON_X86 = pytest.mark.skipif(
    platform.machine() not in ("x86_64", "AMD64"), reason="oneDNN is taken on x86 processors alone"
)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere no file limits the cores")
@pytest.mark.parametrize(("limit", "most"), [("50000 100000", 1), ("150000 100000", 2), ("max 100000", 10**6)])
def test_a_containers_limit_is_kept_to_and_begun_cores_count(tmp_path: Path, limit: str, most: int) -> None:
    (tmp_path / "cpu.max").write_text(f"{limit}\n")
    unlimited = usable_cores(tmp_path / "absent")
    assert unlimited == len(os.sched_getaffinity(0))
    assert usable_cores(tmp_path / "cpu.max") == min(unlimited, most)


@ON_X86
def test_tensorflow_computes_with_onednn() -> None:
    """In this process too: `conftest.py` takes the fast kernels as commands do, before TensorFlow is imported."""
    from tensorflow.python.util import _pywrap_util_port

    assert _pywrap_util_port.IsMklEnabled() == (os.environ["TF_ENABLE_ONEDNN_OPTS"] == "1")


@ON_X86
@pytest.mark.parametrize(("said", "taken"), [(None, "1"), ("0", "0")])
def test_onednn_is_taken_unless_the_user_says_no(monkeypatch: pytest.MonkeyPatch, said: str | None, taken: str) -> None:
    monkeypatch.delenv("TF_ENABLE_ONEDNN_OPTS")
    if said is not None:
        monkeypatch.setenv("TF_ENABLE_ONEDNN_OPTS", said)
    take_fast_kernels()
    assert os.environ["TF_ENABLE_ONEDNN_OPTS"] == taken
