"""`python -m experiments.levers`: what each change to a recipe does, one at a time, against the same baseline."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from hydra.core.hydra_config import HydraConfig
from omegaconf import DictConfig

from emolab.cli import WRONG, check_command, verb
from emolab.jobs import Plan
from experiments.overrides import for_training, launcher_given

if TYPE_CHECKING:
    from emolab.runs import RunRecord

BASELINE = "baseline"

Key = tuple[str, int]  # a lever and a seed


def levers(cfg: DictConfig, given: Sequence[str]) -> int:
    """Train baseline and levers with every seed, as far as that isn't done; then print and write the table.

    Levers and seeds may be added: what is trained already stays. The test images are never opened.

    Raises:
        ConfigError: if a training's settings are wrong.
        KeyboardInterrupt: when interrupted; the same command goes on.
    """
    from emolab.jobs.grid import run_plan

    fixed = [*for_training(given, "levers"), f"name={cfg.name}", "evaluate=validation"]
    changes = {BASELINE: [], **{lever: cfg.levers[lever] for lever in chosen(cfg)}}
    wanted = {
        (lever, seed): (*fixed, *overrides, f"seed={seed}")
        for seed in cfg.seeds
        for lever, overrides in changes.items()
    }
    for job in wanted.values():
        check_command("train", job)
    plan = Plan(
        Path(cfg.output) / "trainings" / cfg.name, cfg.name, Path(cfg.paths.runs), tuple(wanted.values())
    ).grown()
    numbers = {key: plan.jobs.index(job) for key, job in wanted.items()}
    failed = run_plan(plan, launcher_given(), "the same command", numbers.values())
    return conclude(cfg, {key: plan.record(number) for key, number in numbers.items()}) or failed


def conclude(cfg: DictConfig, records: "Mapping[Key, RunRecord | None]") -> int:
    """Print and write the table of the trainings that finished; return the exit code, 2 where the baseline didn't."""
    from experiments.comparing.levers import effects_of, table_of, write_levers
    from experiments.comparing.replicates import finished_trainings, predictions_of, results_of
    from experiments.page import show

    finished = finished_trainings(records)
    predictions = predictions_of(finished, "validation")
    if not any(lever == BASELINE for lever, _ in predictions):
        print("no training of the baseline has left predictions of the validation images", file=sys.stderr)
        return WRONG
    minutes = {key: record.training_seconds() / 60 for key, record in finished.items()}
    effects = effects_of(results_of(predictions, cfg.resamples), minutes, BASELINE, chosen(cfg))
    table = table_of(effects, cfg.levers)
    page = write_levers(Path(cfg.output), table, effects, notes(cfg, len(next(iter(predictions.values())).targets)))
    show(table)
    print(f"page:   {page}")
    return 0


def chosen(cfg: DictConfig) -> list[str]:
    """Return the names of the levers that the configuration asks for."""
    return [lever for lever in cfg.levers if cfg.only is None or lever in cfg.only]


def notes(cfg: DictConfig, images: int) -> list[str]:
    """Return what a reader has to know before the numbers."""
    part = cfg.trainer.train_images
    share = f"{part} of the training images" if part else "all training images"
    one = "With one seed the intervals hold the noise of the images, not that of the training."
    several = "Images (in clusters of near-duplicates) and seeds are resampled."
    return [
        f"{cfg.model.name} on {cfg.data.name}, {share}, {cfg.trainer.epochs} epochs; judged on {images} validation "
        "images; the test images stay unopened.",
        f"Seeds {', '.join(map(str, cfg.seeds))}. {one if len(cfg.seeds) == 1 else several}",
        "Of twenty levers that do nothing, one will look decided.",
        "A short training favours what learns fast over what keeps from overfitting.",
    ]


def _main(cfg: DictConfig) -> int:
    return levers(cfg, list(HydraConfig.get().overrides.task))


main = verb("experiments.levers", _main)

if __name__ == "__main__":
    main()
