"""Sending a submission with Kaggle's own client."""

import shutil
import subprocess
from pathlib import Path

from emolab.errors import ConfigError, DataError

SUBMITTED = ("successfully submitted", "submission ref:")  # the server's answer; what clients after 2.2.4 print


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

    The client ends with 0, too, where the upload failed ("Could not submit to competition") or there is no such
    competition; the server's own answer is "Successfully submitted to ...".

    Raises:
        DataError: if the client fails or doesn't say that it was submitted; the file stays.
    """
    command = ["kaggle", "competitions", "submit", "-c", competition, "-f", str(path), "-m", message]
    done = subprocess.run(command, check=False, capture_output=True, text=True)  # noqa: S603 - Kaggle's own client
    print(done.stdout.strip())
    said = done.stdout.lower()
    if done.returncode or not any(words in said for words in SUBMITTED):
        reason = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()[-1]
        raise DataError(
            f"{path} is written, but Kaggle's client doesn't say that it was submitted: {reason}. The competition's "
            "list of submissions shows whether it was"
        )
