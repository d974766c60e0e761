import os
import signal

import pytest

from experiments.demo_faces import parallel


def _process(job: int) -> int:
    return os.getpid()


def _blocked(job: int) -> bool:
    return signal.SIGINT in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_ctrl_c_is_never_heard_by_a_process_that_works_and_is_by_this_one() -> None:
    assert list(parallel.in_parallel(_blocked, range(2), "working")) == [True, True]
    assert not _blocked(0)


def test_no_more_processes_work_than_there_are_usable_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parallel, "usable_cores", lambda: 1)
    assert len(set(parallel.in_parallel(_process, range(6), "working"))) == 1
