"""`python -m emolab.doctor`: what this machine has, and what of emolab can run on it."""

from pathlib import Path

from omegaconf import DictConfig

from emolab.cli import verb
from emolab.exit_codes import WRONG


def _main(cfg: DictConfig) -> int:
    from rich.console import Console

    from emolab.machine import examine, shown

    findings = examine(Path(cfg.paths.runs), Path(cfg.paths.cache), cfg.tensorflow)
    Console().print(shown(findings))
    return WRONG if any(finding.broken for finding in findings) else 0


main = verb("emolab.doctor", _main)

if __name__ == "__main__":
    main()
