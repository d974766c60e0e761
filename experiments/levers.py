"""`python -m experiments.levers`: what each change to a recipe does, one at a time, against the same baseline."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from emolab.cli import verb
from emolab.config.command import check_command
from emolab.errors import ConfigError
from emolab.exit_codes import WRONG
from emolab.jobs import Plan
from experiments.output import trainings_of, writing
from experiments.overrides import for_training, launcher_given, refuse, settings_given

if TYPE_CHECKING:
    from emolab.runs import RunRecord

BASELINE = "baseline"

Key = tuple[str, int]  # a lever and a seed


def levers(cfg: DictConfig, given: Sequence[str]) -> int:
    """Train baseline and levers with every seed, as far as that isn't done; then print and write the table.

    Levers and seeds may be added: what is trained already stays, and stands in the table. The test images are never
    opened.

    Raises:
        ConfigError: if a training's settings are wrong, or not those that it was trained with, or `paths.runs` has such
            a group that `output` doesn't know, or another command is working on `output`.
        RunError: if a lever was judged on other images than the baseline.
        KeyboardInterrupt: when interrupted; the same command goes on.
    """
    from emolab.jobs.run_plan import run_plan

    refuse(given, {"seed": "seeds", "evaluate": ""})
    jobs = jobs_of(cfg, for_training(given, "levers"))
    wanted = wanted_of(cfg)
    for key in wanted:
        with named(key[0]):
            check_command("train", jobs[key])
    plan = Plan(trainings_of(cfg), cfg.name, Path(cfg.paths.runs), tuple(jobs[key] for key in wanted))
    with plan.owned():
        plan = plan.grown()
        numbers = {key: number for key, job in jobs.items() if (number := plan.number_of(job)) is not None}
        others = [number for key, number in numbers.items() if key not in wanted]  # they stand in the table, too
        failed = run_plan(plan, launcher_given(), "the same command", [numbers[key] for key in wanted], beside=others)
    runs = plan.records()
    return conclude(cfg, {key: runs.get(number) for key, number in numbers.items()}) or failed


def jobs_of(cfg: DictConfig, fixed: Sequence[str]) -> dict[Key, tuple[str, ...]]:
    """Return the overrides of every training, seed by seed, the baseline first."""
    changes = {BASELINE: [], **cfg.levers}
    last = (f"name={cfg.name}", "evaluate=validation")  # whatever a lever sets
    return {
        (lever, seed): (*fixed, *overrides, f"seed={seed}", *last)
        for seed in cfg.seeds
        for lever, overrides in changes.items()
    }


def wanted_of(cfg: DictConfig) -> list[Key]:
    """Return the trainings that this command is for, in their order: seed by seed, the baseline first."""
    return [(lever, seed) for seed in cfg.seeds for lever in (BASELINE, *(cfg.only or cfg.levers))]


@contextmanager
def named(lever: str) -> Iterator[None]:
    """Say which lever a wrong setting belongs to.

    Raises:
        ConfigError: for any ConfigError inside.
    """
    try:
        yield
    except ConfigError as error:
        raise ConfigError(f"lever {lever!r}: {error}") from error


def conclude(cfg: DictConfig, records: "Mapping[Key, RunRecord | None]") -> int:
    """Print and write the table of the trainings that finished; return the exit code, 2 where the baseline didn't.

    Raises:
        ConfigError: if it can't be written.
    """
    from experiments.comparing.levers import effects_of, table_of, write_levers
    from experiments.comparing.replicates import finished_trainings, predictions_of, results_of
    from experiments.page import show

    finished = finished_trainings(records)
    predictions = predictions_of(finished, "validation")
    if not any(lever == BASELINE for lever, _ in predictions):
        print("no training of the baseline has left predictions of the validation images", file=sys.stderr)
        return WRONG
    minutes = {key: record.training_seconds() / 60 for key, record in finished.items()}
    trained = {lever for lever, _ in predictions}
    missing = [lever for lever in cfg.levers if lever not in trained]
    names = [lever for lever in cfg.levers if lever in trained]
    effects = effects_of(results_of(predictions, cfg.resamples), minutes, BASELINE, names)
    table = table_of(effects, cfg.levers)
    told = notes(cfg, len(next(iter(predictions.values())).targets), missing)
    with writing(Path(cfg.output)):
        page = write_levers(Path(cfg.output), table, effects, told)
    show(table)
    if missing:
        print(f"not trained: {', '.join(missing)}")
    print(f"page:   {page}")
    return 0


def notes(cfg: DictConfig, images: int, missing: Sequence[str]) -> list[str]:
    """Return what a reader has to know before the numbers."""
    from experiments.comparing.notes import notes_on_epochs
    from experiments.comparing.replicates import INTERVAL

    part = cfg.trainer.train_images
    share = f"{part} of the training images, the same for every seed" if part else "all training images"
    return [
        f"{cfg.model.name} on {cfg.data.name}, {share}, {cfg.trainer.epochs} epochs; judged on {images} validation "
        "images; the test images stay unopened.",
        "A row with one seed has an interval of the images' noise, without that of the training; one with several has "
        f"both. {INTERVAL}",
        "Of twenty levers that do nothing, one will look decided; with one seed more, because all share one baseline, "
        "and a training anew changes the accuracy, too (two seeds of FER2013's recipe differ by a point).",
        *notes_on_epochs(cfg.trainer),
        "A short training favours what learns fast over what keeps from overfitting.",
        *([f"Not trained: {', '.join(missing)}."] if missing else []),
    ]


def _main(cfg: DictConfig) -> int:
    return levers(cfg, settings_given())


main = verb("experiments.levers", _main)

if __name__ == "__main__":
    main()
