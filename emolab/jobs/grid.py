"""`python -m emolab.train -m ...`: every combination, each in a process of its own, one failure stopping nothing."""

from collections.abc import Sequence
from itertools import product
from pathlib import Path

from emolab.config.command import composed, options_and_overrides, values_of_each
from emolab.config.overrides import SEARCH_PATH, is_hydras, key_of, pair_of
from emolab.errors import ConfigError
from emolab.jobs.plan import PLAN, Plan
from emolab.jobs.run_plan import run_plan
from emolab.runs.layout import new_id


def run_grid(arguments: Sequence[str]) -> int:
    """Run the grid that the arguments of `emolab.train -m` mean; return its exit code, 2 where a run failed.

    Hydra's launcher spreads the work (`hydra/launcher=submitit_slurm` and the like); what it starts only waits for the
    training, which has a process of its own. What `hydra/launcher=joblib` asks for is done here.

    Raises:
        ConfigError: if the grid to resume isn't there, was another one, or is worked on by another command.
        KeyboardInterrupt: when interrupted, after the running training has saved.
    """
    plan, launcher = planned(arguments)
    with plan.owned():
        failed = run_plan(plan.begin(), launcher, f"the same command and resume={plan.name}")
    print(f"next:   python -m experiments.compare where.group={plan.name}")
    return failed


def planned(arguments: Sequence[str]) -> tuple[Plan, list[str]]:
    """Return the plan that the arguments of a grid mean, and those of them that are for Hydra's launcher.

    Where configs of the user's own lie is for both: a launcher may be one of them.

    Raises:
        ConfigError: if `resume` names no grid.
    """
    _, given = options_and_overrides(arguments)
    launcher = [line for line in given if is_hydras(line)]
    own = [line for line in given if key_of(line) == SEARCH_PATH or not is_hydras(line)]
    resume = [value for key, value in map(pair_of, own) if key == "resume"]
    jobs = expanded([line for line in own if key_of(line) != "resume"])
    if len({line for job in jobs for line in job if key_of(line).partition(".")[0] == "paths"} - set(jobs[0])):
        raise ConfigError("paths can't be swept: a grid looks for its runs in one place")
    paths = composed("train", jobs[0]).paths
    name = _to_resume(resume[-1], Path(paths.grids)) if resume else new_id()
    return Plan(Path(paths.grids) / name, name, Path(paths.runs), jobs), launcher


def expanded(overrides: Sequence[str]) -> tuple[tuple[str, ...], ...]:
    """Return every combination of the swept values, as overrides; the last one varies fastest."""
    return tuple(product(*values_of_each("train", overrides)))


def _to_resume(text: str, root: Path) -> str:
    found = sorted(path.parent.name for path in root.glob(f"*/{PLAN}"))
    if text == "last" and found:
        return found[-1]
    if text in found:
        return text
    raise ConfigError(f"resume={text}: there is no such grid in {root}. It has: {', '.join(found) or 'none'}")
