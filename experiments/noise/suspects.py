"""Suspected labels, by confident learning (Northcutt et al. 2021)."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from cleanlab.filter import find_label_issues

from emolab.data.left_out import COLUMN, read_left_out
from emolab.data.prepared import PreparedData
from emolab.errors import RunError
from emolab.evaluation.calibration import calibrated, fit_temperatures
from emolab.judging.judge import Judge, classifier
from emolab.runs import RunRecord
from emolab.runs.network import load_network
from emolab.runs.sameness import learned_from


def unseen_probabilities(
    prepared: PreparedData,
    folds: Sequence[np.ndarray],
    runs: Sequence[RunRecord],
    batch_size: int,
    trusted_modules: Sequence[str] = (),
) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows of all folds, int64 (n,), and what the run that left each one out says: float (n, C).

    Each run's probabilities are calibrated on the validation images.
    """
    probabilities = []
    for fold, run in zip(folds, runs, strict=True):
        classify = classifier(load_network(run, trusted_modules))
        probabilities.append(_calibrated(Judge(classify, prepared, run.classes, batch_size), fold))
    return np.concatenate(folds), np.concatenate(probabilities)


def check_unseen(prepared: PreparedData, lists: Sequence[Path], runs: Sequence[RunRecord]) -> None:
    """Check that each run learned from these data without the images of its list.

    Raises:
        RunError: naming the first that didn't.
    """
    for path, run in zip(lists, runs, strict=True):
        if not learned_from(run, prepared) or run.left_out_sha256 != read_left_out(path, prepared).digest:
            raise RunError(
                f"{run.id} was trained on other data, or left out others than {path} lists: begin anew, with another "
                "name and output"
            )


def suspects_of(prepared: PreparedData, rows: np.ndarray, probabilities: np.ndarray, rule: str) -> pd.DataFrame:
    """Return the suspected labels, the most doubtful first.

    Args:
        prepared: the data.
        rows: training rows, (n,).
        probabilities: of each class by a network that hasn't seen the image, (n, C).
        rule: cleanlab's `filter_by`, such as "both".

    Returns:
        Columns image, label, suggested, p_label and p_suggested (0 to 1), row.
    """
    labels = prepared.codes[rows]
    found = find_label_issues(
        labels, probabilities, return_indices_ranked_by="self_confidence", filter_by=rule, n_jobs=1
    )
    classes, suggested = np.array(prepared.classes), probabilities.argmax(axis=1)
    return pd.DataFrame(
        {
            COLUMN: prepared.index["source"].to_numpy()[rows[found]],
            "label": classes[labels[found]],
            "suggested": classes[suggested[found]],
            "p_label": probabilities[found, labels[found]].round(4),
            "p_suggested": probabilities[found, suggested[found]].round(4),
            "row": rows[found],
        }
    )


def _calibrated(judge: Judge, fold: np.ndarray) -> np.ndarray:
    temperatures = fit_temperatures(judge.predict(judge.rows("validation")))
    return calibrated(judge.predict(fold), temperatures).probabilities()
