"""A verb's arguments in Hydra's grammar: what they may be, what they sweep, and the configuration that they compose."""

import sys
from collections.abc import Callable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import hydra
import yaml
from hydra import compose, initialize_config_dir
from hydra.core.global_hydra import GlobalHydra
from hydra.core.override_parser.types import ChoiceSweep, Override, RangeSweep
from hydra.errors import HydraException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException

from emolab.config.check import check
from emolab.config.explain import explain
from emolab.config.overrides import SEARCH_PATH, key_of, parsed, search_path, searched_folders
from emolab.config.schema import SCHEMAS
from emolab.config.tree import chosen_by_default, conf_folder
from emolab.errors import ConfigError

MULTIRUN = ("-m", "--multirun")
CONFIG_DIR = ("--config-dir", "-cd")
OTHER_CONFIG = ("--config-", "-cn", "-cp")  # Hydra's --config-name and --config-path go round our check
VALUED = ("--cfg", "-c", "--package", "-p")  # Hydra's other options that take a value
INFO = ("--info", "-i")  # may take one of these
OTHERS = ("--hydra-help", "--version", "--resolve", "--run", "-r", "--shell-completion", "-sc", "--experimental-rerun")
TOPICS = ("all", "config", "defaults", "defaults-tree", "plugins", "searchpath")

# A run's folder is ours (emolab.runs): Hydra neither makes one nor changes the working directory.
_HYDRA = (
    "hydra.run.dir=.",
    "hydra.sweep.dir=multirun",  # of -m: its arguments, and what the launchers of Slurm and Ray keep
    "hydra.sweep.subdir=.",
    "hydra.output_subdir=null",
    "hydra/job_logging=stdout",
    "+hydra.job_logging.formatters.simple.class=emolab.errors.PrintableFormatter",
    "hydra/hydra_logging=none",
)


def is_multirun(arguments: Sequence[str]) -> bool:
    """Whether the arguments ask for several values at once."""
    return any(argument in MULTIRUN for argument in arguments)


def hydra_main(name: str, task: Callable[[DictConfig], Any], arguments: Sequence[str]) -> None:
    """Let Hydra compose `conf/<name>.yaml` with these arguments and do `task`, once or, with `-m`, many times."""
    options, overrides = options_and_overrides(arguments)
    sys.argv[1:] = [*options, *_HYDRA, *_without_nulls(name, overrides)]  # Hydra's parser wants the overrides together
    GlobalHydra.instance().clear()  # a verb that Hydra runs may run many others through it
    hydra.main(version_base="1.3", config_path=str(conf_folder()), config_name=name)(task)()


def check_command(name: str, arguments: Sequence[str]) -> None:
    """Check a verb's arguments, and each value of a sweep, before anything slow is imported.

    Raises:
        ConfigError: with all that is wrong, and what would be right.
    """
    options, overrides = options_and_overrides(arguments)
    for option in options:
        _check_option(name, option)
    others = [option for option in options if option not in MULTIRUN]
    if others and is_multirun(arguments):
        raise ConfigError(f"{others[0]} can't be given with -m: leave out one of the two")
    for single in _each_value(name, overrides) if is_multirun(arguments) else [overrides]:
        check(composed(name, single), SCHEMAS[name])


def _check_option(name: str, argument: str) -> None:
    """Refuse what is no option of Hydra's: a setting, written as other programs want it."""
    option, _, value = argument.partition("=")
    if not option.startswith("-") or option in (*MULTIRUN, *VALUED, *INFO, *OTHERS):
        return
    line = f"{option.strip('-').replace('-', '_')}={value or '...'}"
    told = f"{argument}: settings are written key=value, without dashes"
    try:
        composed(name, [line])
    except ConfigError as error:
        raise ConfigError(f"{told}. {error}") from error
    raise ConfigError(f"{told}: {line}")


def options_and_overrides(arguments: Sequence[str]) -> tuple[list[str], list[str]]:
    """Part Hydra's own options, with the values that some take, from the overrides.

    `--config-dir mine` becomes an override, so that what a verb starts gets the user's own configs, too.

    Raises:
        ConfigError: if `--config-dir` names no folder, or comes with `hydra.searchpath`; if another configuration is
            asked for than the verb's own; if `hydra.mode` is given, of which nothing but Hydra would know.
    """
    options: list[str] = []
    overrides: list[str] = []
    folders: list[str] = []
    rest = iter(arguments)
    for argument in rest:
        option, _, value = argument.partition("=")
        if option in CONFIG_DIR:
            folders.append(value or next(rest, ""))
        elif option.startswith(OTHER_CONFIG):
            raise ConfigError(
                f"{argument}: a verb has one configuration, conf/<verb>.yaml. Put files of your own into a folder, as "
                "mine/model/small.yaml, and choose from it: --config-dir mine model=small"
            )
        elif key_of(argument) == "hydra.mode":
            raise ConfigError(f"{argument}: many values are asked for by -m, as in -m model=vgg19,custom_cnn")
        elif argument in TOPICS and options and options[-1] in INFO:
            options.append(argument)
        elif option.startswith("-"):
            options += [argument, *islice(rest, int(argument in VALUED))]
        else:
            overrides.append(argument)
    return options, [*_search_path(folders, overrides), *overrides]


def _search_path(folders: Sequence[str], overrides: Sequence[str]) -> list[str]:
    for folder in folders:
        if not folder or not Path(folder).is_dir():
            raise ConfigError(f"--config-dir {folder}: there is no such folder")
    if folders and SEARCH_PATH in map(key_of, overrides):
        raise ConfigError("--config-dir and hydra.searchpath both name folders of configs: give one of them")
    return [search_path(folders)] if folders else []


def composed(name: str, overrides: Sequence[str], hydra_too: bool = False) -> DictConfig:
    """Return the configuration that a verb gets with these overrides, with Hydra's own as `hydra` if asked for.

    Raises:
        ConfigError: naming the override at fault and what there is instead.
    """
    GlobalHydra.instance().clear()
    try:
        lines = _without_nulls(name, overrides)
        with initialize_config_dir(str(conf_folder()), version_base="1.3"):
            return compose(name, overrides=lines, return_hydra_config=hydra_too)
    except yaml.YAMLError as error:  # in a config of the user's own
        raise ConfigError(f"a config can't be read: {' '.join(str(error).split())}") from error
    except UnicodeDecodeError as error:
        files = ", ".join(map(str, _not_utf8([conf_folder(), *searched_folders(parsed(overrides))])))
        raise ConfigError(f"a config can't be read: {files}: {error}; save it as UTF-8") from error
    except (HydraException, OmegaConfBaseException, ValueError, TypeError) as error:  # the last two of `aug=null`
        raise ConfigError(explain(error, name, lines, conf_folder())) from error


def _not_utf8(folders: Sequence[Path]) -> Iterator[Path]:
    for path in (path for folder in folders for path in sorted(folder.rglob("*.yaml"))):
        try:
            path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            yield path


def values_of_each(name: str, overrides: Sequence[str]) -> list[list[str]]:
    """Return for each override of a verb the values that it sweeps, as overrides; itself alone where it's no sweep.

    Raises:
        ConfigError: if an override can't be read, or its values can't be counted.
    """
    try:
        items = parsed(overrides)
    except HydraException as error:
        raise ConfigError(explain(error, name, overrides, conf_folder())) from error
    return [
        _swept(item, line) if item.is_sweep_override() else [line] for item, line in zip(items, overrides, strict=True)
    ]


def _swept(override: Override, line: str) -> list[str]:
    if not isinstance(override.value(), ChoiceSweep | RangeSweep):
        raise ConfigError(f"{line}: list the values, such as model=vgg19,custom_cnn or seed=range(0,3)")
    values = [f"{override.get_key_element()}={value}" for value in override.sweep_string_iterator()]
    if len(set(values)) < max(1, len(values)):
        raise ConfigError(f"{line}: {'a value stands there twice' if values else 'holds no value'}, expected each once")
    return values


def _without_nulls(name: str, overrides: Sequence[str]) -> list[str]:
    """Overrides as Hydra takes them: to choose nothing of a group, such as experiment=null, is an empty list to it."""
    nothing = {
        f"{group}=null": f"{group}={'[]' if choice is None else 'jsonl'}"  # the record alone, which is always kept
        for group, choice in chosen_by_default(name, conf_folder()).items()
        if choice is None or group == "logger"
    }
    return [nothing.get(line, line) for line in overrides]


def _each_value(name: str, overrides: Sequence[str]) -> list[list[str]]:
    """Overrides without sweeps, so that together they hold each value of each sweep at least once."""
    values = values_of_each(name, overrides)
    first = [choices[0] for choices in values]
    others = [
        [*first[:place], choice, *first[place + 1 :]] for place, choices in enumerate(values) for choice in choices[1:]
    ]
    return [first, *others]
