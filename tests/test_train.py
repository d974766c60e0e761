from pathlib import Path

import pytest
from run_fields import made_record

from emolab.train import passed


@pytest.mark.parametrize(
    ("debug", "accuracy", "reached", "told"),
    [
        ("overfit", 1.0, True, "overfit: every image of the batch is named\n"),
        (
            "overfit",
            31 / 32,
            False,
            "overfit: NOT reached: 0.969 of the batch is named after 120 epochs, expected all: ",
        ),
        ("smoke", 0.1, True, ""),
    ],
)
def test_overfitting_a_batch_passes_only_where_all_of_it_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], debug: str, accuracy: float, reached: bool, told: str
) -> None:
    record = made_record(tmp_path, choices={"debug": debug})
    record.append_metrics(118, {"accuracy": 1.0})  # the last one counts
    record.append_metrics(119, {"accuracy": accuracy})
    assert passed(record) == reached
    assert capsys.readouterr().out[: len(told) or None] == told
