import numpy as np
from run_fields import FIELDS

from emolab.runs import RunRecord
from emolab.tracking import JsonLines, Logger, LoggerGroup, Wandb, with_record


class Noting:
    def __init__(self, notes):
        self.notes = notes

    def __getattr__(self, name):
        return lambda *values: self.notes.append(name)


def test_the_loggers_keep_the_protocol():
    assert isinstance(JsonLines(), Logger)
    assert isinstance(Wandb(), Logger)
    assert isinstance(LoggerGroup([]), Logger)


def test_json_lines_write_the_record_and_end_it(tmp_path):
    record, logger = RunRecord.create(tmp_path, "try", FIELDS), JsonLines()
    logger.start(record, {})
    logger.log_epoch(0, {"loss": 1.5, "learning_rate": np.float32(0.25)})
    logger.finish("finished", {"loss": 1.5})
    again = RunRecord.open(record.folder)
    assert again.read_metrics() == [{"epoch": 0, "loss": 1.5, "learning_rate": 0.25}]
    assert again.status == "finished"
    assert again.facts.summary.loss == 1.5


def test_the_record_comes_first_and_only_once():
    other = Noting([])
    assert [type(logger) for logger in with_record(other).loggers] == [JsonLines, Noting]
    assert [type(logger) for logger in with_record(JsonLines()).loggers] == [JsonLines]
    assert [type(logger) for logger in with_record(None).loggers] == [JsonLines]


def test_a_group_passes_every_call_on_in_order():
    notes = []
    group = LoggerGroup([Noting(notes), Noting(notes)])
    group.start(None, {})
    group.log_epoch(0, {})
    group.log_images(0, np.zeros((1, 2, 2, 3), np.uint8), ["a"])
    group.log_confusion_matrix(0, np.eye(2), ["a", "b"])
    group.log_table("engines", ["a"], [["1"]], np.zeros((2, 2, 3), np.uint8))
    group.finish("finished", {})
    calls = ["start", "log_epoch", "log_images", "log_confusion_matrix", "log_table", "finish"]
    assert notes == [call for call in calls for _ in range(2)]
