from pathlib import Path

import pytest
from made_runs import made_run, predictions

from emolab.config.command import composed
from emolab.data.configured import prepare_data
from emolab.errors import ConfigError, RunError
from emolab.evaluate import evaluate
from emolab.evaluation.predictions import save_predictions
from emolab.evaluation.report import PREDICTIONS
from emolab.judging.evaluation import report_folder


def test_a_report_with_the_test_images_is_not_replaced_by_one_without_them(tmp_path: Path, striped_faces: Path) -> None:
    record, judged = made_run(tmp_path / "runs", 0.7), predictions(0.7, 0)
    data = ["data=folder", f"data.root={striped_faces}", "data.image_size=48", f"paths.cache={tmp_path / 'cache'}"]
    cfg = composed("evaluate", [f"ckpt.run={record.folder}", *data, "test=false"])
    folder = report_folder(record, prepare_data(cfg))
    save_predictions(folder / PREDICTIONS, {"validation": judged, "test": judged})
    with pytest.raises(ConfigError, match=f"test=false: {folder} holds the test images already; it would lose them"):
        evaluate(cfg)
    save_predictions(folder / PREDICTIONS, {"validation": judged})
    with pytest.raises(RunError, match=f"the run {record.id} names no network"):  # which shows next
        evaluate(cfg)
    (folder / PREDICTIONS).write_text("damaged: nothing that would be lost")
    with pytest.raises(RunError, match=f"the run {record.id} names no network"):
        evaluate(cfg)
