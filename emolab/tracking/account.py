"""Whether this machine has a W&B account, found without a prompt, a network call or W&B's own start-up."""

import netrc
import os
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from pydantic import ValidationError

from emolab.errors import ConfigError

DISABLED, OFFLINE = "disabled", ("offline", "dryrun")  # values of WANDB_MODE with which a key isn't used


@dataclass(frozen=True)
class Account:
    """Where W&B is and the key for it; None where there is no key. The key never shows in a message."""

    address: str
    key: str | None = field(repr=False)


def find_account() -> Account:
    """Return the account of WANDB_API_KEY, of W&B's settings files, or of the netrc file, in that order.

    Raises:
        ConfigError: if W&B refuses its own settings. Values of the wrong type aren't shown: one may be the key.
    """
    import wandb  # late, because it takes a second

    try:
        settings = wandb.setup().settings
    except ValidationError as error:
        wrong = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors())
        raise ConfigError(f"W&B refuses its settings, of its files or of WANDB_* variables: {wrong}") from None
    except wandb.Error as error:
        raise ConfigError(f"W&B refuses its settings: {error}") from None
    address = os.environ.get("WANDB_BASE_URL") or settings.base_url
    key = os.environ.get("WANDB_API_KEY") or settings.api_key or _netrc_key(address)
    return Account(address=address, key=key)


def _netrc_key(address: str) -> str | None:
    table = _read_netrc()
    host = urlsplit(address).netloc
    hosts = [host]
    if host.endswith((".wandb.ai", ".coreweave.com")):  # the service moved; its old name stays in netrc files
        hosts.append("api.wandb.ai")
    for name in hosts:
        entry = table.hosts.get(name) if table is not None else None
        if entry is not None and entry[2]:
            return entry[2]
    return None


def _read_netrc() -> netrc.netrc | None:
    home = Path.home()
    for path in (os.environ.get("NETRC"), home / ".netrc", home / "_netrc"):
        if path is None:
            continue
        try:
            return netrc.netrc(str(path))
        except (OSError, netrc.NetrcParseError, UnicodeDecodeError):
            continue
    return None
