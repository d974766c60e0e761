"""`python -m experiments.founding`: the table that this project began with, made again on any data."""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from emolab.cli import verb
from emolab.config.command import check_command
from emolab.config.overrides import key_of
from emolab.errors import ConfigError
from emolab.exit_codes import WRONG
from emolab.jobs import Plan
from experiments.output import trainings_of, writing
from experiments.overrides import for_training, launcher_given, refuse, settings_given

if TYPE_CHECKING:
    from emolab.runs import RunRecord
    from experiments.founded.cells import Cell


INSTEAD = {"model": "models", "aug": "augmentations", "finetune": "finetunings", "seed": "seeds", "evaluate": ""}


def founding(cfg: DictConfig, given: Sequence[str]) -> int:
    """Train every cell that isn't trained yet, then print the table and what becomes of each claim.

    Raises:
        ConfigError: if a training's settings are wrong, not its own to set, or others than the experiment began with.
        KeyboardInterrupt: when interrupted; the same command goes on.
    """
    from emolab.jobs.run_plan import run_plan

    cells = cells_of_settings(cfg)
    keys = [(cell, seed) for cell in cells for seed in cfg.seeds]
    refuse(given, INSTEAD)
    refuse_default_recipes(cfg, given)
    jobs = jobs_of(cfg, for_training(given, "founding"), keys)
    for job in jobs:
        check_command("train", job)
    plan = Plan(trainings_of(cfg), cfg.name, Path(cfg.paths.runs), jobs)
    with plan.owned():
        plan = plan.begin()
        failed = run_plan(plan, launcher_given(), "the same command")
    print(f"next:   python -m experiments.compare where.group={plan.name}")
    runs = plan.records()
    numbered = ((key, plan.number_of(job)) for key, job in zip(keys, jobs, strict=True))
    numbers = {key: number for key, number in numbered if number is not None}
    return conclude(cfg, {key: runs.get(number) for key, number in numbers.items()}) or failed


def refuse_default_recipes(cfg: DictConfig, given: Sequence[str]) -> None:
    """Refuse another optimizer or an experiment whose settings the default recipes, which are AdamW's, would replace.

    Raises:
        ConfigError: naming the override, and the chosen models that have such a recipe.
    """
    keys = {key_of(override) for override in given if override != "optimizer=adamw"}
    chosen = sorted(keys & {"experiment", "optimizer", "optimizer._target_"})
    if not chosen or any(key.partition(".")[0] == "recipes" for key in keys):
        return
    if models := [model for model in cfg.models if (cfg.recipes or {}).get(model)]:
        raise ConfigError(
            f"{chosen[0]}=... doesn't go with the default recipe of {', '.join(models)}, which is AdamW's: "
            f"give your own, such as recipes.{models[-1]}=[optimizer.learning_rate=0.007], or recipes=null for none"
        )


def jobs_of(cfg: DictConfig, fixed: Sequence[str], keys: "Sequence[tuple[Cell, int]]") -> tuple[tuple[str, ...], ...]:
    """Return the overrides of every training; a setting that was given counts before a recipe's."""
    last = (f"name={cfg.name}", f"evaluate={'true' if cfg.split == 'test' else 'validation'}")
    return tuple(
        (*(cfg.recipes or {}).get(cell.model, ()), *fixed, *cell.overrides(), f"seed={seed}", *last)
        for cell, seed in keys
    )


def cells_of_settings(cfg: DictConfig) -> "list[Cell]":
    """Return the cells that the configuration asks for."""
    from experiments.founded.cells import cells_of

    return cells_of(cfg.models, cfg.augmentations, cfg.finetunings)


def conclude(cfg: DictConfig, records: "Mapping[tuple[Cell, int], RunRecord | None]") -> int:
    """Print and write table and verdicts of the trainings that finished; return the exit code, 2 where none did.

    Raises:
        ConfigError: if they can't be written.
    """
    from experiments.comparing.replicates import finished_trainings, predictions_of, results_of
    from experiments.founded.claims import claims, judged
    from experiments.founded.report import claims_table, table_of, write_founding
    from experiments.page import show

    finished = finished_trainings(records)
    predictions = predictions_of(finished, cfg.split)
    if not predictions:
        print(f"no training has left predictions of the {cfg.split} images", file=sys.stderr)
        return WRONG
    found = results_of(predictions, cfg.resamples)
    table = table_of(found, cells_of_settings(cfg))
    verdicts = claims_table(judged(found, claims(cfg.models, cfg.finetunings)))
    weights = {(cell.model, str(_first_weights(finished[cell, seed]))) for cell, seed in predictions}
    told = notes(cfg, len(found.groups), len(predictions), sorted(weights))
    with writing(Path(cfg.output)):
        page = write_founding(Path(cfg.output), table, verdicts, told)
    show(table)
    show(verdicts)
    print(f"page:   {page}")
    return 0


def notes(cfg: DictConfig, images: int, trainings: int, weights: Sequence[tuple[str, str]]) -> list[str]:
    """Return what a reader has to know before the numbers; `weights` says which ones each model began with."""
    from experiments.comparing.notes import notes_on_epochs
    from experiments.comparing.replicates import INTERVAL

    part = cfg.trainer.train_images
    share = (
        f"{part} of the training images, the classes in proportion, the same for every seed"
        if part
        else "all training images"
    )
    given = cfg.recipes or {}
    recipes = "; ".join(" ".join((model, *given[model])) for model in cfg.models if given.get(model))
    one = (
        "With one seed the intervals hold the noise of the images, not that of the training, so that another seed may "
        "turn a verdict: two of FER2013's recipe differ by 1.1 points."
    )
    return [
        f"Data: {cfg.data.name}, {share}; {cfg.trainer.epochs} epochs; judged on {images} {cfg.split} images.",
        f"{trainings} trainings, seeds {', '.join(map(str, cfg.seeds))}. {one if len(cfg.seeds) == 1 else INTERVAL}",
        *(notes_on_epochs(cfg.trainer) if cfg.split == "validation" else []),
        f"First weights: {', '.join(f'{model} {used}' for model, used in weights)}.",
        "The original had 50,046 photographs in nine classes, and gave validation accuracies without intervals.",
        *([f"Recipes, where the command set nothing else: {recipes}."] if recipes else []),
    ]


def _first_weights(record: "RunRecord") -> str | None:
    used = record.facts.model.weights.used
    return used


def _main(cfg: DictConfig) -> int:
    return founding(cfg, settings_given())


main = verb("experiments.founding", _main)

if __name__ == "__main__":
    main()
