"""The command line of every verb: `main` checks the arguments, hands them to Hydra, and ends with an exit code."""

import os
import signal
import sys
from collections.abc import Callable

from omegaconf import DictConfig

from emolab.config.command import check_command, hydra_main, is_multirun
from emolab.config.help import help_text
from emolab.config.tree import conf_folder
from emolab.exit_codes import INTERRUPTED, UNREAD, exit_code
from emolab.processor import take_fast_kernels


def verb(
    module: str,
    run: Callable[[DictConfig], int | None],
    run_many: Callable[[list[str]], int] | None = None,
    check_more: Callable[[list[str]], None] = lambda arguments: None,
) -> Callable[[], None]:
    """Return the `main` of `python -m <module>`.

    Args:
        module: of the verb, such as "emolab.train"; its configuration is then `conf/train.yaml`.
        run: does the work; returns an exit code, or None for 0.
        run_many: does the work of `-m`, given the arguments; None leaves it to Hydra.
        check_more: refuses arguments, by a ConfigError, whose configuration is right.
    """
    name = module.rpartition(".")[2]

    def main() -> None:
        if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:  # as `emolab` left it
            signal.signal(signal.SIGINT, signal.default_int_handler)
        code = exit_code(command)
        if code:
            sys.exit(code)

    def command() -> int:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # its start is told as errors where there's no GPU
        os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")  # else one process takes a GPU's whole memory
        take_fast_kernels()
        arguments = [_shorthand(argument) for argument in sys.argv[1:]]
        if {"--help", "-h"} & set(arguments):
            print(help_text(module, conf_folder()))
            return 0
        check_command(name, arguments)
        check_more(arguments)
        if run_many is not None and is_multirun(arguments):
            return run_many(arguments)
        return _run_by_hydra(name, run, arguments)

    return main


def _run_by_hydra(name: str, run: Callable[[DictConfig], int | None], arguments: list[str]) -> int:
    """Let Hydra compose the settings of each run that the arguments mean; return the largest exit code of theirs."""
    codes = [0]
    home = os.getpid()

    def task(settings: DictConfig) -> None:
        code = exit_code(lambda: run(settings))
        if code in (INTERRUPTED, UNREAD) or (code and os.getpid() != home):  # a launcher's process has this one alone
            sys.exit(code)
        codes.append(code)  # leaving would end the other runs of `-m`, too

    hydra_main(name, task, arguments)
    return max(codes)


def _shorthand(argument: str) -> str:
    """`ckpt=best` stands for `ckpt.run=best`, and `where.` takes any field of `run.json` without a plus.

    `--submit` stands for `submit=true`, as people know it from other programs.
    """
    if argument == "--submit":
        return "submit=true"
    if argument.startswith("ckpt="):
        return f"ckpt.run={argument.removeprefix('ckpt=')}"
    return f"++{argument}" if argument.startswith(("ckpt.where.", "where.")) else argument
