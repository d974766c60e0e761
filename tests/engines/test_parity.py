import io
import re

import numpy as np
import pytest
from rich.console import Console

from emolab.data.prepared import PreparedData
from emolab.engines.gates import failed, gates
from emolab.engines.parity import judged, parity
from emolab.engines.schema import Latency, Measured, Parity, Ratio, Start
from emolab.engines.table import COLUMNS, Row, notes, picture, terminal
from emolab.evaluation.predictions import Predictions
from emolab.runs import RunRecord


def _predictions(named: np.ndarray, targets: np.ndarray, sure: float = 4.0) -> Predictions:
    logits = np.eye(3, dtype=np.float32)[named] * sure
    numbers = np.arange(len(targets))
    return Predictions(logits, targets, numbers, ("a", "b", "c"), numbers.astype(np.uint64))


def _pair(changed: int, wrong: int) -> Parity:
    """Parity of an engine that names 2,000 rightly but `wrong` of them, and `changed` others otherwise than its run."""
    targets = np.arange(2000) % 3
    named = targets.copy()
    named[:wrong] = (named[:wrong] + 1) % 3
    run = targets.copy()
    run[1000 : 1000 + changed] = (run[1000 : 1000 + changed] + 1) % 3
    return parity(_predictions(run, targets), _predictions(named, targets), resamples=200)


def test_engines_are_judged_on_the_validation_images_alone(tiny_run: RunRecord, tiny_data: PreparedData) -> None:
    seen = []

    def classify(images: np.ndarray) -> np.ndarray:
        seen.append(images)
        return np.full((len(images), 3), 1 / 3, np.float32)

    judged(tiny_run, tiny_data, classify, batch_size=8)
    np.testing.assert_array_equal(np.concatenate(seen), tiny_data.images[tiny_data.rows("validation")])


def test_an_engine_like_its_run_differs_in_nothing() -> None:
    same = _pair(0, 0)
    assert same.agreement == 1
    assert same.max_difference == same.mean_difference == 0
    unseen = 1 - 0.025 ** (1 / 2000)  # a share of images that 2,000 don't show once in 40 times
    assert same.drop.model_dump() == pytest.approx({"value": 0, "low": -unseen, "high": unseen})


def test_the_drop_is_paired_and_has_an_interval() -> None:
    worse = _pair(changed=0, wrong=20)
    assert worse.n == 2000
    assert worse.accuracy_engine == pytest.approx(0.99)
    assert worse.drop.value == pytest.approx(0.01)
    assert 0.005 < worse.drop.low < 0.01 < worse.drop.high < 0.015
    assert worse.agreement == pytest.approx(0.99)
    assert worse.max_difference == pytest.approx(np.exp(4) / (np.exp(4) + 2) - 1 / (np.exp(4) + 2))


def test_too_few_images_for_an_interval_leave_the_accuracy_in_the_table() -> None:
    few = _predictions(np.zeros(9, int), np.zeros(9, int))
    facts = Measured(parity=parity(few, few, resamples=100), latency_ms=Latency(p50=1.0, p95=2.0, p99=3.0), gates={})
    rows = [Row("litert", precision, facts=facts) for precision in ("fp32", "int8")]
    cells = dict(zip(COLUMNS, rows[0].cells(), strict=True))
    assert (cells["accuracy"], cells["points lost"]) == ("1.000 (no interval)", "0.00 (no interval)")
    assert picture(rows, budget_ms=33.0).startswith(b"\x89PNG")
    assert notes(rows[:1]) == []  # full precision, and the same names: the same network
    assert notes(rows) == [
        "9 images can't show that so little accuracy is lost; points that may be (95 %): litert-int8 100.0"
    ]


@pytest.mark.parametrize(
    ("precision", "changed", "wrong", "bad"),
    [
        ("fp32", 0, 2, []),
        ("fp32", 0, 3, ["accuracy", "agreement"]),
        ("fp32", 3, 0, ["agreement"]),  # better by chance, and yet not the same network
        ("int8", 3, 0, []),
        ("int8", 0, 10, []),
        ("int8", 0, 11, ["accuracy"]),
        ("bf16", 0, 11, ["accuracy"]),
    ],
)
def test_each_precision_has_its_gates(precision: str, changed: int, wrong: int, bad: list[str]) -> None:
    same, latency = _pair(changed, wrong), Latency(p50=1.0, p95=10.0, p99=20.0)
    assert failed(gates(precision, same, latency, budget_ms=33)) == bad
    assert failed(gates(precision, same, latency, budget_ms=9.9)) == [*bad, "latency"]


def test_to_lose_as_much_as_is_allowed_passes_whatever_the_run_reached() -> None:
    targets = np.zeros(1000, np.int64)
    fails = []
    for right in range(500, 1000, 25):
        run, engine = (_predictions((np.arange(1000) >= many).astype(int), targets) for many in (right, right - 1))
        latency = Latency(p50=1.0, p95=1.0, p99=1.0)
        fails += failed(gates("fp32", parity(run, engine, resamples=10), latency, budget_ms=33))
    assert not fails


def test_a_drop_that_so_few_images_cannot_show_is_noted() -> None:
    """8 of 2,000 are 0.4 points, and pass; the interval reaches beyond 0.5. 1 of 2,000 is far from it."""
    rows = [Row("litert", "int8", facts=Measured(parity=_pair(0, wrong), gates={})) for wrong in (8, 1)]
    (note,) = notes(rows)
    assert re.fullmatch(r"2000 images can't show .*: litert-int8 0\.[6-9]", note)
    assert notes(rows[1:]) == []
    lost = dict(zip(COLUMNS, rows[0].cells(), strict=True))["points lost"]
    assert re.fullmatch(r"0\.40 \(0\.[12]\d to 0\.[6-9]\d\)", lost)


def test_a_narrow_terminal_shows_by_how_much_a_gate_was_failed() -> None:
    baseline = Measured(
        latency_ms=Latency(p50=11.25, p95=22.5, p99=133.75), ratio=Ratio(keras_predict=123.4, savedmodel=12.3)
    )
    facts = Measured(
        bytes=12_345_678, parity=_pair(0, 40), latency_ms=baseline.latency_ms, ratio=baseline.ratio,
        throughput={"1": 12_345.0}, start=Start(seconds=12.34, memory_mib=1234.0),
        gates={"accuracy": False, "latency": False},
    )  # fmt: skip
    rows = [
        Row("keras", "predict", facts=baseline, wanted=False),
        Row("onnxruntime", "int8", facts=facts),
        Row("tftrt", "fp16", reason="no GPU"),
    ]
    shown = io.StringIO()
    Console(file=shown, width=80, markup=False).print(terminal(rows))
    lines = [" ".join(line.split()) for line in shown.getvalue().splitlines()]
    cells = dict(zip(COLUMNS, rows[1].cells(), strict=True))
    assert f"onnxruntime-int8 12.3 0.980 {cells['points lost']} 0.9800 failed:" in lines
    assert "onnxruntime-int8 11.25 22.50 133.75 12345 123.4 12.3" in lines
    assert "engine p50 ms p95 ms p99 ms faces/s x predict x SavedModel" in lines
    assert "keras-predict 11.25 22.50 133.75 123.4 12.3" in lines
    assert "tftrt-fp16 not here: no GPU" in lines
