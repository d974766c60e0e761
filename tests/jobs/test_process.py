import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from commands import environment
from waiting import wait_for, within

from emolab.jobs import Child, last_lines, stop_all
from emolab.jobs.process import Outcome


def python(code: str, log: Path, **settings) -> Child:
    return Child([sys.executable, "-c", code], log, **settings)


def said(log: Path, text: str) -> bool:
    return log.is_file() and text in log.read_text()


def test_it_says_how_the_process_ended_and_what_it_cost(tmp_path):
    log = tmp_path / "deep" / "log"
    outcome = python("import sys; data = b'x' * 80_000_000; print('out'); sys.exit('no')", log).wait()
    assert outcome.code == 1
    assert outcome.memory_mib > 80
    assert outcome.seconds > 0
    assert set(log.read_text().splitlines()) == {"out", "no"}


def test_a_second_process_adds_to_the_log(tmp_path):
    for text in ("one", "two"):
        python(f"print({text!r})", tmp_path / "log").wait()
    assert (tmp_path / "log").read_text() == "one\ntwo\n"


def test_the_environment_is_added_to(tmp_path):
    python(
        "import os; print(os.environ['MINE'], 'PATH' in os.environ)", tmp_path / "log", environment={"MINE": "7"}
    ).wait()
    assert (tmp_path / "log").read_text() == "7 True\n"


@pytest.mark.parametrize(
    ("code", "words", "interrupted"),
    [
        (2, "exit code 2", False),
        (-signal.SIGKILL, "memory runs out", False),
        (130, "exit code 130", True),
        (-signal.SIGTERM, "killed by SIGTERM", True),
    ],
)
def test_the_end_is_told_in_words(code, words, interrupted):
    outcome = Outcome(code, 1.0, 1.0)
    assert words in outcome.explained()
    assert outcome.interrupted == interrupted


def test_it_is_asked_to_stop_once(tmp_path, monkeypatch):
    """Two signals in quick succession reach a process as one, so that they are counted where they are sent."""
    code = (
        "import signal, time; asked = []; signal.signal(15, lambda *_: asked.append(print('asked')));"
        "print('up', flush=True)\n"
        "while not asked: time.sleep(0.05)"
    )
    child = python(code, tmp_path / "log")
    wait_for(lambda: said(tmp_path / "log", "up"))
    kill, sent = os.kill, []
    monkeypatch.setattr(os, "kill", lambda pid, number: sent.append(number) or kill(pid, number))
    child.stop()
    child.stop()
    assert sent == [signal.SIGTERM]
    assert (tmp_path / "log").read_text() == "up\nasked\n"


MEETING = """
import pathlib, signal, sys, time
def stop(*_):
    pathlib.Path({own!r}).touch()
    for _ in range(600):
        if pathlib.Path({other!r}).exists():
            sys.exit(0)
        time.sleep(0.05)
signal.signal(signal.SIGTERM, stop)
print("ready", flush=True)
time.sleep(60)
sys.exit("the other was never asked to stop")
"""


def test_all_are_asked_to_stop_before_any_is_waited_for(tmp_path):
    """Each of the two stops only once the other has been asked, too."""
    places = [str(tmp_path / "one"), str(tmp_path / "other")]
    children = [
        python(MEETING.format(own=own, other=other), Path(f"{own}.log")) for own, other in (places, places[::-1])
    ]
    wait_for(lambda: all(said(Path(f"{place}.log"), "ready") for place in places))
    stop_all(children)
    assert [child.wait().code for child in children] == [0, 0]


def test_one_that_has_ended_can_be_stopped(tmp_path):
    ended, running = python("", tmp_path / "ended"), python("import signal; signal.pause()", tmp_path / "running")
    os.waitid(os.P_PID, ended._process.pid, os.WEXITED | os.WNOWAIT)
    for child in (ended, running):
        child.stop()
    assert (ended.wait().code, running.wait().code) == (0, -signal.SIGTERM)


def test_whether_it_has_ended_is_told_without_waiting(tmp_path):
    child = python("import signal; signal.pause()", tmp_path / "log")
    assert child.poll() is None
    child.ask_to_stop()
    assert wait_for(child.poll) is child.wait()


def lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # it went as it was read
        return False


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent died")
def test_it_ends_when_the_process_that_started_it_is_killed(tmp_path):
    code = (
        "import sys; from pathlib import Path; from emolab.jobs import Child;"
        "Child([sys.executable, '-c', 'import os, time; print(os.getpid(), flush=True); time.sleep(60)'],"
        "Path(sys.argv[1])).wait()"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, tmp_path / "log"], env=environment())
    wait_for(lambda: said(tmp_path / "log", "\n"))
    pid = int((tmp_path / "log").read_text())
    parent.kill()
    parent.wait()
    ended = within(5, lambda: not lives(pid))
    if not ended:
        os.kill(pid, signal.SIGKILL)
    assert ended


def test_the_last_lines_of_a_log_are_few_and_bounded(tmp_path):
    log = tmp_path / "log"
    assert last_lines(log) == ""
    log.write_text("\n\n".join(f"line {number}" for number in range(40)) + "\n\n")
    assert last_lines(log).splitlines() == [f"line {number}" for number in range(25, 40)]
    log.write_bytes(b"x" * 9000 + b"\xff")
    assert len(last_lines(log)) == 2000
