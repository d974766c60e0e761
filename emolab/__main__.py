"""`python -m emolab`, which is no verb: says which there are."""

import sys

from emolab.config.help import EXAMPLES
from emolab.exit_codes import WRONG


def main() -> None:
    """Name the commands and leave with the code of a wrong one."""
    modules = [examples[0].split()[2] for examples in EXAMPLES.values()]
    print(
        f"error: emolab is many commands: python -m {', '.join(modules[:-1])} or {modules[-1]}. "
        "Each tells what it takes with --help",
        file=sys.stderr,
    )
    sys.exit(WRONG)


if __name__ == "__main__":
    main()
