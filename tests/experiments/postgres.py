"""A real PostgreSQL server for a test, from Debian's packages."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


@contextmanager
def running_postgres() -> Iterator[Callable[[str], str]]:
    """Yield a function that creates a database and returns its URL; skip where there is no server to start."""
    pytest.importorskip("psycopg", reason="pip install -e '.[postgres]'")
    if not PROGRAMS:
        pytest.skip("PostgreSQL isn't installed: apt-get install postgresql")
    programs, user = PROGRAMS[-1], _unprivileged()
    with TemporaryDirectory(prefix="emolab-pg-") as name:  # not in pytest's folder: only its owner may enter that
        folder = Path(name)
        if user is not None:
            shutil.chown(folder, user)
        _run(user, programs / "initdb", "-D", folder / "data", "-A", "trust", "-U", "emolab", "--no-sync")
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        server = (programs / "pg_ctl", "-D", folder / "data", "-l", folder / "log")
        _run(user, *server, "-o", options, "-w", "start")
        try:

            def created(database: str) -> str:
                _run(user, programs / "createdb", "-h", folder, "-U", "emolab", database)
                return f"postgresql+psycopg://emolab@/{database}?host={folder}"

            yield created
        finally:
            _run(user, *server, "-m", "immediate", "stop")


def _unprivileged() -> str | None:
    """PostgreSQL refuses to run as root: the user to run it as, or None for this one."""
    if os.getuid() != 0:
        return None
    return "postgres" if "postgres" in [entry.pw_name for entry in pwd.getpwall()] else "nobody"


def _run(user: str | None, *command: object) -> None:
    prefix = [] if user is None else ["runuser", "-u", user, "--"]
    done = subprocess.run([*prefix, *map(str, command)], capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, done.stdout + done.stderr
