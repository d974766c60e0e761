"""Sending a submission with Kaggle's own client."""

import shutil
import subprocess
from pathlib import Path

from emolab.errors import ConfigError, DataError


def require_client(competition: str | None) -> None:
    """Check, before anything slow, that a submission could be sent.

    Raises:
        ConfigError: if the client isn't installed or the competition has no name.
    """
    if shutil.which("kaggle") is None:
        raise ConfigError(
            "submit=true needs Kaggle's client: pip install kaggle, then `kaggle config view` to check it"
        )
    if not competition:
        raise ConfigError("submit=true needs the competition's name, as in its address: competition=...")


def send(path: Path, competition: str, message: str) -> None:
    """Send a submission.

    Raises:
        DataError: if the client refuses; the file stays.
    """
    command = ["kaggle", "competitions", "submit", "-c", competition, "-f", str(path), "-m", message]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - Kaggle's own client
    print(done.stdout.strip())
    if done.returncode:
        reason = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()[-1]
        raise DataError(f"{path} is written, but Kaggle's client didn't take it: {reason}")
