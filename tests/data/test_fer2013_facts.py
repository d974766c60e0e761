"""The real FER2013, outside the repository: slow, but the published facts hold our duplicates to account."""

from pathlib import Path

import numpy as np
import pytest

from emolab.config.command import composed
from emolab.data.configured import prepare_data
from emolab.data.prepared import PreparedData


@pytest.fixture(scope="module")
def fer2013(tmp_path_factory: pytest.TempPathFactory) -> PreparedData:
    path = Path(__file__).resolve().parents[3] / "shared" / "data" / "fer2013.csv.gz"
    if not path.is_file():
        pytest.skip(f"{path} is absent: FER2013 may not be kept in the repo")
    cache = tmp_path_factory.mktemp("cache")
    return prepare_data(composed("prepare", ["data=fer2013", f"data.path={path}", f"paths.cache={cache}"]))


@pytest.mark.slow
def test_the_official_splits_are_kept(fer2013: PreparedData) -> None:
    assert [len(fer2013.rows(split)) for split in ("train", "validation", "test")] == [28_558, 3_579, 3_573]
    assert fer2013.classes == ("anger", "disgust", "fear", "happy", "neutral", "sad", "surprise")


@pytest.mark.slow
def test_the_byte_identical_images_are_found(fer2013: PreparedData) -> None:
    digests = fer2013.index["sha256"].to_numpy(dtype=str)
    training = np.unique(digests[fer2013.rows("train")])
    counts = [int(np.isin(digests[fer2013.rows(split)], training).sum()) for split in ("validation", "test")]
    assert counts == [279, 288]
    for split, identical in zip(("validation", "test"), counts, strict=True):
        twins = fer2013.twin_in_train(fer2013.rows(split))
        assert identical <= twins.sum() < 3 * identical  # near-duplicates too, and no more than plausible
