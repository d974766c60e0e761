"""What differs between compared runs, and how each is called in sentences."""

import re
from collections.abc import Mapping, Sequence
from functools import cache

from emolab.config.tree import choice_content, chosen_by_default, conf_folder, groups
from emolab.flat import flat, short_names
from experiments.comparing.runs import ComparedRun

_TAKEN = re.compile(r"\$\{(\.?)([\w.]+)\}")  # a value that is another key's, below the same one where a dot begins it


def differing(runs: Sequence[ComparedRun]) -> list[str]:
    """Return the choices that aren't the same in all runs, then the settings that differ besides.

    What differs only because a choice does (AdamW's learning rate and SGD's) isn't named again, nor what only repeats
    another setting (the schedule's peak, which is the learning rate). A layer that a run lacks is one difference, named
    by its `_target_`: its arguments count where runs that have it differ in them.
    """
    choices = [
        name for name in _names([run.choices for run in runs]) if len({run.choices.get(name) for run in runs}) > 1
    ]
    names = _names([run.settings for run in runs])
    return choices + [key for key in names if _differs(key, runs, names) and not _is_repeated(key, runs)]


def label_of(run: ComparedRun, keys: Sequence[str], runs: Sequence[ComparedRun]) -> str:
    """Return a run's name in sentences: as much as tells the runs apart, and its id where others have the same."""
    names = short_names(keys)
    needed = {key: names[key] for key in _telling(keys, runs)}
    texts = [_told(one, needed) for one in runs]
    own = _told(run, needed)
    return own if own and texts.count(own) == 1 else f"{own} {run.record.id}".strip()


def value_of(run: ComparedRun, key: str) -> str:
    """Return a run's choice or setting as text."""
    return run.choices.get(key, run.settings.get(key, ""))


def _telling(keys: Sequence[str], runs: Sequence[ComparedRun]) -> list[str]:
    """Return those of `keys` that tell runs apart which the ones before don't, the model first."""
    taken: list[str] = []
    apart = 1
    for key in sorted(keys, key=lambda key: key != "model"):
        kinds = len({tuple(value_of(run, one) for one in (*taken, key)) for run in runs})
        if kinds > apart:
            taken, apart = [*taken, key], kinds
    return taken


def _differs(key: str, runs: Sequence[ComparedRun], names: Sequence[str]) -> bool:
    """Whether runs of the same choice in the setting's group have several values of it."""
    group = key.partition(".")[0]
    found = {(run.choices.get(group), run.settings.get(key)) for run in _having_place(runs, key, names)}
    return len(found) > len({choice for choice, _ in found})


def _is_repeated(key: str, runs: Sequence[ComparedRun]) -> bool:
    """Whether a setting has its source's value in all runs that have it."""
    source = _sources().get(key)
    having = [run.settings for run in runs if key in run.settings]
    return source is not None and all(settings[key] == settings.get(source) for settings in having)


@cache
def _sources() -> dict[str, str]:
    """Key of a training -> the key that conf/ takes its value from, so that it repeats what is named already."""
    known, found = groups(conf_folder()), {}
    for group in chosen_by_default("train", conf_folder()):
        for choice in known.get(group, ()):
            for key, value in flat(choice_content(group, choice)).items():
                if taken := _TAKEN.fullmatch(str(value)):
                    place = f"{group}.{key}".rpartition(".")[0]
                    found[f"{group}.{key}"] = f"{place}.{taken[2]}" if taken[1] else taken[2]
    return found


def _having_place(runs: Sequence[ComparedRun], key: str, names: Sequence[str]) -> list[ComparedRun]:
    """Return the runs that have whatever `key` is an argument of; where some have more below `key`, the others."""
    if any(name.startswith(f"{key}.") for name in names):  # such as null where others have a layer
        return [run for run in runs if key in run.settings]
    words = key.removesuffix("._target_").split(".")
    outer = {f"{'.'.join(words[:count])}._target_" for count in range(1, len(words))}.intersection(names)
    return [run for run in runs if outer <= run.settings.keys()]


def _told(run: ComparedRun, names: Mapping[str, str]) -> str:
    words = (_word(name, key, value_of(run, key)) for key, name in names.items() if key != "model")
    return " ".join(filter(None, [value_of(run, "model") if "model" in names else "", *words]))


def _word(name: str, key: str, value: str) -> str:
    """Return "" for an argument of what the run doesn't have, such as AdamW's momentum."""
    if value:
        return f"{name}={value}"
    return "" if "." in key and not key.endswith("._target_") else f"without {name}"


def _names(tables: Sequence[Mapping[str, str]]) -> list[str]:
    return list(dict.fromkeys(name for table in tables for name in table))
