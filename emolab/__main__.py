"""`python -m emolab`, which is no verb: says which there are."""

import sys

from emolab.config.help import modules
from emolab.config.tree import conf_folder
from emolab.exit_codes import WRONG


def main() -> None:
    """Name the commands and leave with the code of a wrong one."""
    known = modules(conf_folder())
    print(
        f"error: emolab is many commands: python -m {', '.join(known[:-1])} or {known[-1]}. "
        "Each tells what it takes with --help",
        file=sys.stderr,
    )
    sys.exit(WRONG)


if __name__ == "__main__":
    main()
