import os

import pytest

from experiments.demo_faces import parallel


def _process(job: int) -> int:
    return os.getpid()


def test_no_more_processes_work_than_there_are_usable_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "usable_cores", lambda: 1)
    assert len(set(parallel.in_parallel(_process, range(6), "working"))) == 1
