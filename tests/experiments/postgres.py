"""A real PostgreSQL server for a test, from Debian's packages."""

import os
import pwd
import shutil
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin"))


@dataclass(frozen=True)
class Postgres:
    """A server that runs: commands that stop and start it, and the folder of its socket."""

    folder: Path
    stop: list[str]
    start: list[str]

    def created(self, database: str) -> str:
        """Create a database and return its URL."""
        run([*_as_user(), str(PROGRAMS[-1] / "createdb"), "-h", str(self.folder), "-U", "emolab", database])
        return f"postgresql+psycopg://emolab@/{database}?host={self.folder}"


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """Yield a server; skip where there is none to start."""
    pytest.importorskip("psycopg", reason="pip install -e '.[postgres]'")
    if not PROGRAMS:
        pytest.skip("PostgreSQL isn't installed: apt-get install postgresql")
    programs, prefix = PROGRAMS[-1], _as_user()
    with TemporaryDirectory(prefix="emolab-pg-") as name:  # not in pytest's folder: only its owner may enter that
        folder = Path(name)
        if prefix:
            shutil.chown(folder, prefix[2])
        run([*prefix, str(programs / "initdb"), "-D", f"{folder}/data", "-A", "trust", "-U", "emolab", "--no-sync"])
        options = f"-k {folder} -c listen_addresses='' -c fsync=off"
        control = [*prefix, str(programs / "pg_ctl"), "-D", f"{folder}/data", "-l", f"{folder}/log"]
        server = Postgres(folder, [*control, "-m", "immediate", "stop"], [*control, "-o", options, "-w", "start"])
        run(server.start)
        try:
            yield server
        finally:
            run(server.stop)


def run(command: Sequence[str]) -> None:
    """Run a command of the server's, which has to succeed."""
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd="/")
    assert done.returncode == 0, done.stdout + done.stderr


def _as_user() -> list[str]:
    """PostgreSQL refuses to run as root: what to put before its commands, so that another user runs them."""
    if os.getuid() != 0:
        return []
    user = "postgres" if "postgres" in [entry.pw_name for entry in pwd.getpwall()] else "nobody"
    return ["runuser", "-u", user, "--"]
