from pathlib import Path

import pytest
from run_fields import FIELDS, made_record

from emolab.errors import RunError
from realtime.recogniser import Wanted, recogniser


@pytest.mark.parametrize("damaged", [False, True])
@pytest.mark.parametrize("live", [False, True])
def test_where_nothing_can_judge_an_engine_the_network_is_taken_and_what_makes_an_engine_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], live: bool, damaged: bool
) -> None:
    """As on the laptop with the camera, to which a run was copied from the machine that trained it."""
    data = {**FIELDS["data"], "fingerprint": "0" * 64}
    record = made_record(tmp_path / "runs", config="data: {path: faces.csv}\n", data=data)
    if damaged:
        (tmp_path / "cache" / f"fer2013-{'0' * 16}").mkdir(parents=True)
        (tmp_path / "cache" / f"fer2013-{'0' * 16}" / "data.json").write_text("{")
    with pytest.raises(RunError, match=f"the run {record.id} names no network"):  # which shows next
        recogniser(record, Wanted("auto", cache=str(tmp_path / "cache")), live)
    out = capsys.readouterr().out
    reason = "isn't a whole prepared data set" if damaged else f"aren't in {tmp_path / 'cache'}"
    assert f"no engine of the run {record.id} can be judged here: " in out
    assert reason in out
    assert f"python -m emolab.export ckpt={record.folder} data=fer2013 data.path=faces.csv" in out
    assert "recogniser: the run's network in TensorFlow" in out
