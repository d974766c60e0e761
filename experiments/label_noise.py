"""`python -m experiments.label_noise`: which training labels are probably wrong, as a gallery and a list."""

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from omegaconf import DictConfig

from emolab.cli import verb
from emolab.config.command import check_command, composed
from emolab.config.overrides import override, typed
from emolab.config.saved import typed_modules
from emolab.errors import ConfigError
from emolab.jobs import Plan
from experiments.output import trainings_of, writing
from experiments.overrides import for_training, launcher_given, refuse, settings_given

if TYPE_CHECKING:
    import numpy as np

    from emolab.data.prepared import PreparedData
    from emolab.runs import RunRecord


def label_noise(cfg: DictConfig, given: Sequence[str]) -> int:
    """Train a network for each part of the training images, without that part; list what they don't believe.

    Raises:
        ConfigError: if a training's settings are wrong, or not its own to set, or name first weights that aren't there,
            the labels are soft, cleanlab isn't installed, or `output` can't be written.
        DataError: if the data can't be used, or not be parted into so many folds.
        RunError: if a run that the trainings name isn't there, or one of the group was trained on other data.
        KeyboardInterrupt: when interrupted; the same command goes on.
    """
    refuse(given, {"evaluate": ""})
    if missing := [name for name in ("cleanlab", "sklearn") if find_spec(name) is None]:
        raise ConfigError(f"{missing[0]} isn't installed: pip install -e '.[label_noise]' -c constraints/main.txt")
    from emolab.jobs.run_plan import run_plan
    from experiments.noise.folds import folds_of, write_folds
    from experiments.noise.suspects import check_unseen

    fixed = training_settings(cfg, given)
    prepared = data_to_judge(cfg)
    folds = folds_of(prepared, cfg.folds)
    plan, lists = planned(cfg, fixed)
    with plan.owned():  # while they run, so that none other changes their lists
        plan = plan.begin()
        with writing(Path(cfg.output)):
            write_folds(lists, prepared, folds)
        failed = run_plan(plan, launcher_given(), "the same command")
    if failed:
        return failed
    found = plan.records()
    runs = [found[number] for number in range(len(lists))]
    check_unseen(prepared, lists, runs)
    conclude(cfg, prepared, folds, runs)
    return 0


def training_settings(cfg: DictConfig, given: Sequence[str]) -> list[str]:
    """Return the overrides that every training has.

    Raises:
        ConfigError: if they are wrong, name first weights that aren't there, or let networks learn from a run.
        RunError: if a run that they name isn't there.
    """
    from emolab.runs.first_weights import run_of
    from emolab.runs.session import check_named

    fixed = [*for_training(given, "label_noise"), f"name={cfg.name}", "evaluate=false"]
    check_command("train", fixed)
    settings = composed("train", fixed)
    check_named(settings)
    if settings.teacher is not None or run_of(settings.model.weights) is not None:
        raise ConfigError(
            "teacher and a run as model.weights may hand down the labels, which networks must judge that haven't seen "
            "them: leave them out"
        )
    return fixed


def data_to_judge(cfg: DictConfig) -> "PreparedData":
    """Return the data whose labels are judged, prepared.

    Raises:
        ConfigError: if the labels are soft.
        DataError: if the data can't be used.
    """
    from emolab.data.configured import prepare_data

    prepared = prepare_data(cfg)
    if prepared.soft:
        raise ConfigError(
            f"the labels of {prepared.name} are distributions, which have no wrong one: data.labels=majority"
        )
    return prepared


def planned(cfg: DictConfig, fixed: Sequence[str]) -> tuple[Plan, list[Path]]:
    """Return the plan of the trainings, and of each the list of the images that it leaves out, not yet written."""
    folder = trainings_of(cfg)
    lists = [folder / "folds" / f"{number}.csv" for number in range(cfg.folds)]
    jobs = tuple((*fixed, override("trainer.leave_out", path)) for path in lists)
    return Plan(folder, cfg.name, Path(cfg.paths.runs), jobs), lists


def conclude(
    cfg: DictConfig, prepared: "PreparedData", folds: "Sequence[np.ndarray]", runs: "Sequence[RunRecord]"
) -> None:
    """Suspect what each run doesn't believe of the fold that it left out; write list and page, and print the table.

    Raises:
        ConfigError: if they can't be written.
    """
    from experiments.noise.report import SUSPECTED, table_of, write_label_noise
    from experiments.noise.suspects import suspects_of, unseen_probabilities
    from experiments.page import show

    folder, batch_size = Path(cfg.output), cfg.trainer.evaluation_batch_size
    rows, probabilities = unseen_probabilities(prepared, folds, runs, batch_size, trusted_modules=typed_modules(cfg))
    suspects = suspects_of(prepared, rows, probabilities, cfg.rule)
    table = table_of(prepared, suspects)
    doubt = doubt_of(prepared.codes[rows], probabilities)
    told = [*notes(cfg, len(rows), len(suspects)), *doubt]
    with writing(folder):
        page = write_label_noise(folder, prepared, suspects, table, cfg.examples, told)
    show(table)
    for line in doubt:
        print(f"WARNING: {line}")
    print(f"page:   {page}")
    print(f"next:   look at it; a training without them is {typed('trainer.leave_out', folder / SUSPECTED)}")


def doubt_of(labels: "np.ndarray", probabilities: "np.ndarray") -> list[str]:
    """Return a sentence where the networks know too little for their suspicions to mean anything.

    Args:
        labels: classes by number, int (N,).
        probabilities: what networks that hadn't seen the images say, (N, C).
    """
    agreed = float((probabilities.argmax(axis=1) == labels).mean())
    largest = max(float((labels == label).mean()) for label in set(labels.tolist()))
    if agreed > largest:
        return []
    return [
        f"the networks agree with {agreed:.0%} of the labels that they hadn't seen, and naming the largest class would "
        f"with {largest:.0%}: they know nothing yet, and the list says nothing. Train longer, or with another recipe"
    ]


def notes(cfg: DictConfig, images: int, suspected: int) -> list[str]:
    """Return how the list was made."""
    return [
        f"{cfg.folds} trainings of {cfg.model.name}, {cfg.trainer.epochs} epochs each; every one left out a part of "
        f"the {images} training images (duplicates and a person's photographs stay together), and judged that part.",
        f"Confident learning (Northcutt et al. 2021) by cleanlab, rule {cfg.rule}: {suspected} labels are suspected.",
        "A suspicion isn't a proof: rare and difficult faces are suspected more often than they should be.",
    ]


def _main(cfg: DictConfig) -> int:
    return label_noise(cfg, settings_given())


main = verb("experiments.label_noise", _main)

if __name__ == "__main__":
    main()
