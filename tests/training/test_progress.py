import re
from io import StringIO

import pytest
from tiny_training import TinyData, tiny_module

from emolab.training.callbacks import Progress
from emolab.training.trainer import Trainer


def test_each_step_is_counted_in_its_own_epoch_and_the_epochs_line_follows_its_last_step() -> None:
    told = StringIO()
    trainer = Trainer(epochs=2, callbacks=[Progress(2, 5, 8, told, every=0.0)])
    trainer.fit(tiny_module(trainer), TinyData())
    lines = told.getvalue().splitlines()
    steps = [f"epoch {epoch}/2  step {step}/5" for epoch in (1, 2) for step in range(1, 5)]  # the fifth ends the epoch
    expected = [*steps[:4], "epoch 1/2  accuracy", *steps[4:], "epoch 2/2  accuracy"]
    assert len(lines) == len(expected)
    assert all(line.startswith(begin) for line, begin in zip(lines, expected, strict=True))
    assert re.search(r"images/s  0 s left$", lines[-1])


@pytest.mark.parametrize(("monitor", "more"), [("val_accuracy", []), ("val_macro_f1", ["val_macro_f1"])])
def test_an_epochs_line_is_short_and_has_what_decides(
    monitor: str, more: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    trainer = Trainer(epochs=1, monitor=monitor)
    trainer.fit(tiny_module(trainer), TinyData())
    assert re.findall(r"(\w+) \d\.\d{4}", capsys.readouterr().out) == [
        "accuracy", "loss", "val_accuracy", "val_loss", *more
    ]  # fmt: skip
