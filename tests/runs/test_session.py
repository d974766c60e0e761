from pathlib import Path

import pytest
from made_photographs import class_folders

from emolab.cli import composed
from emolab.data.datamodule import DataModule
from emolab.errors import ConfigError
from emolab.prepare import prepare_data
from emolab.runs import RunRecord
from emolab.runs.session import begin_or_resume


def _taken_up(folder: Path, *more: str) -> RunRecord:
    """A run of the photographs in `folder`, as a training begins it or takes it up, and lets go of it at once."""
    data = ("data=folder", f"data.root={folder / 'photographs'}", "data.image_size=32", "workers=1")
    paths = (f"paths.runs={folder / 'runs'}", f"paths.cache={folder / 'cache'}")
    cfg = composed("train", ["model=custom_cnn", *data, *paths, *more])
    record, _ = begin_or_resume(cfg, DataModule(prepare_data(cfg), batch_size=4, seed=0), {})
    record.close()
    return record


def test_a_run_goes_on_with_the_data_that_it_began_with_and_with_no_others(tmp_path: Path) -> None:
    root = class_folders(tmp_path / "photographs", {"anger": 20, "sad": 20})
    begun = _taken_up(tmp_path)
    assert _taken_up(tmp_path, f"resume={begun.id}").folder == begun.folder
    (root / "anger" / "7.jpg").unlink()
    with pytest.raises(ConfigError, match=f"the data have changed since the run {begun.id} began"):
        _taken_up(tmp_path, f"resume={begun.id}")
