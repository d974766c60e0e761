"""What `--help` prints: the purpose, the groups with their choices, the verb's own file, examples."""

from pathlib import Path
from textwrap import fill

from emolab.config.tree import chosen_by_default, groups

_EXAMPLE = "# python -m "  # how the lines of conf/<verb>.yaml begin that are


def help_text(module: str, folder: Path) -> str:
    """Return the help of a verb such as "emolab.train", read from `conf/`, so that it says what the files do."""
    verb = module.rpartition(".")[2]
    file = _lines(verb, folder)
    known = groups(folder)
    rows = [
        _wrapped(group, f"{' | '.join(known[group])}   (default: {choice or 'null'})")
        for group, choice in chosen_by_default(verb, folder).items()
        if group in known
    ]
    examples = "\n".join(f"  {line.removeprefix('# ')}" for line in file if line.startswith(_EXAMPLE))
    rest = "\n".join(line for line in file if not line.startswith(_EXAMPLE))
    return (
        f"python -m {module} [group=choice] [key=value] ...\n\nExamples:\n{examples}\n\n"
        "Groups (each choice is a file conf/<group>/<choice>.yaml with its keys explained):\n"
        + "\n".join(rows)
        + f"\n\nconf/{verb}.yaml:\n{rest}\n\n"
        "--cfg job shows the whole configuration that a command means. -m runs every combination of listed values\n"
        "(model=vgg19,resnet50). --config-dir FOLDER adds configs of your own. '+key=value' adds a key that the files\n"
        "don't have, '~key' takes one out. Exit codes: 0 done, 1 a gate failed, 2 wrong configuration, data or\n"
        "environment, 70 a fault of emolab's own, 130 interrupted, with the state saved,\n141 read no further.\n"
    )


def modules(folder: Path) -> list[str]:
    """Return what there is to run, such as "emolab.train": the modules of the first examples."""
    verbs = [_lines(path.stem, folder) for path in sorted(folder.glob("*.yaml"))]
    return [next(line for line in verb if line.startswith(_EXAMPLE)).split()[3] for verb in verbs]


def _lines(verb: str, folder: Path) -> list[str]:
    return (folder / f"{verb}.yaml").read_text(encoding="utf-8").splitlines()


def _wrapped(name: str, text: str) -> str:
    return fill(text, 100, initial_indent=f"  {name:<12}", subsequent_indent=" " * 14)
