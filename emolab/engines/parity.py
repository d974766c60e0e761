"""Whether an engine says what its run says, on real faces."""

import numpy as np

from emolab.data.prepared import PreparedData
from emolab.engines.engine import ToProbabilities
from emolab.engines.schema import Interval, Parity
from emolab.evaluation.bootstrap import intervals, paired_difference
from emolab.evaluation.metrics import accuracy
from emolab.evaluation.predictions import Predictions
from emolab.judging.judge import Judge
from emolab.runs import RunRecord

_LEAST = 1e-30  # stands for a probability of 0, whose logarithm is no number


def judged(record: RunRecord, prepared: PreparedData, classify: ToProbabilities, batch_size: int) -> Predictions:
    """Return what an engine, or a run's network, says of the validation images.

    Args:
        record: the run.
        prepared: its data.
        classify: from uint8 (N, S, S, 3) to probabilities (N, C).
        batch_size: images at a time.
    """
    judge = Judge(lambda images: np.log(np.maximum(classify(images), _LEAST)), prepared, record.classes, batch_size)
    return judge.predict(judge.rows("validation"))


def parity(run: Predictions, engine: Predictions, resamples: int) -> Parity:
    """Compare an engine with its run on the same images."""
    difference = np.abs(run.probabilities() - engine.probabilities())
    found = intervals(engine, {"accuracy": accuracy}, resamples)
    return Parity(
        n=len(run.targets),
        accuracy_run=float(run.right.mean()),
        accuracy_engine=found["accuracy"]["value"],
        accuracy=Interval(**found["accuracy"]),
        drop=Interval(**paired_difference(run, engine, accuracy, resamples)),
        agreement=float((run.predicted == engine.predicted).mean()),
        max_difference=float(difference.max()),
        mean_difference=float(difference.mean()),
    )
