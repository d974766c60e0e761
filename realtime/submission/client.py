"""Sending a submission with Kaggle's own client."""

import os
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

from emolab.errors import ConfigError, DataError

SUBMITTED = ("successfully submitted", "submission ref:")  # the server's answer; what clients after 2.2.4 print
SECONDS = 600.0  # that it may take to send a file of some hundred kilobytes, with all its own new attempts
# Variables of which each is enough; the latter two are those of a notebook at Kaggle's.
_TOKENS = ("KAGGLE_API_TOKEN", "KAGGLE_API_V1_TOKEN", "KAGGLE_API_V1_TOKEN_PATH")
_OF_HOME = ("access_token", "access_token.txt", "credentials.json")  # the last is what `kaggle auth login` writes


def require_client(competition: str | None) -> None:
    """Check, before anything slow, that a submission could be sent.

    Raises:
        ConfigError: if the client isn't installed or has no account, or the competition has no name.
    """
    if shutil.which("kaggle") is None:
        raise ConfigError(
            "submit=true needs Kaggle's client: pip install kaggle, then `kaggle config view` to check it"
        )
    if not is_configured(os.environ, Path.home()):
        raise ConfigError(
            "submit=true needs an account for Kaggle's client, and there is none: put the kaggle.json or access_token "
            f"that Kaggle's settings page gives into {Path.home() / '.kaggle'}, set KAGGLE_USERNAME and KAGGLE_KEY, or "
            "KAGGLE_API_TOKEN, or give `kaggle auth login`; then `kaggle competitions list` to check it"
        )
    if not competition:
        raise ConfigError("submit=true needs the competition's name, as in its address: competition=...")


def is_configured(environment: Mapping[str, str], home: Path) -> bool:
    """Whether there is anything that Kaggle's client takes for an account; nothing of it is read.

    Args:
        environment: variables.
        home: the user's folder.
    """
    named = any(environment.get(name) for name in _TOKENS)
    known = bool(environment.get("KAGGLE_USERNAME") and environment.get("KAGGLE_KEY"))
    return named or known or any(path.is_file() for path in _account_files(environment, home))


def _account_files(environment: Mapping[str, str], home: Path) -> Iterator[Path]:
    own = Path(environment.get("KAGGLE_CONFIG_DIR") or home / ".kaggle")
    for folder in (own, Path(environment.get("XDG_CONFIG_HOME") or home / ".config") / "kaggle"):
        yield folder / "kaggle.json"
    for name in _OF_HOME:
        yield home / ".kaggle" / name


def send(path: Path, competition: str, message: str, seconds: float = SECONDS) -> None:
    """Send a submission.

    The client ends with 0, too, where the upload failed ("Could not submit to competition") or there is no such
    competition; the server's own answer is "Successfully submitted to ...".

    Args:
        path: of the file.
        competition: its name, as in its address.
        message: of the submission.
        seconds: that the client may take; then it's ended.

    Raises:
        DataError: if the client fails, doesn't end or doesn't say that it was submitted; the file stays.
    """
    command = ["kaggle", "competitions", "submit", "-c", competition, "-f", str(path), "-m", message]
    try:
        done = subprocess.run(  # noqa: S603 - Kaggle's own client
            command, check=False, capture_output=True, text=True, stdin=subprocess.DEVNULL, timeout=seconds
        )
    except subprocess.TimeoutExpired as error:
        raise DataError(
            f"{path} is written and kept, but Kaggle's client took more than {seconds:g} s and was ended. The "
            "competition's list of submissions shows whether it was submitted; if not, send it with: "
            f"{shlex.join(command)}"
        ) from error
    print(done.stdout.strip())
    said = done.stdout.lower()
    if done.returncode or not any(words in said for words in SUBMITTED):
        reason = (done.stderr.strip() or done.stdout.strip() or "no reason given").splitlines()[-1]
        raise DataError(
            f"{path} is written, but Kaggle's client doesn't say that it was submitted: {reason}. The competition's "
            "list of submissions shows whether it was"
        )
