import math

from emolab.evaluation.curve import curve


def test_only_finite_numbers_are_points_of_a_curve() -> None:
    values = (0.5, {"a": 1}, "0.5", True, math.nan, -math.inf, 10**400, None, 1)
    rows = [{"epoch": epoch, "val_accuracy": value} for epoch, value in enumerate(values)]
    rows += [{"epoch": 10**400, "val_accuracy": 0.5}, {"epoch": 9, "loss": 0.5}]
    assert curve(rows, "val_accuracy") == [(1, 0.5), (9, 1)]
