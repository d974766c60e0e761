from pathlib import Path

import pytest
from commands import TINY

from emolab.config.command import composed
from emolab.data.prepared import PreparedData
from emolab.engines.build import Builder
from emolab.runs import RunRecord, resolve
from emolab.runs.network import load_network
from emolab.train import train

# With one stage it would err nowhere, and be calibrated at the end of what is searched.
TWO_STAGES = ("model.backbone.widths=[4,8]", "model.backbone.depths=[1,1]")


@pytest.fixture(scope="session")
def tiny_project(tmp_path_factory: pytest.TempPathFactory, striped_faces: Path) -> Path:
    """A folder with the run and the prepared data of a tiny training; one for all tests of engines."""
    folder = tmp_path_factory.mktemp("tiny")
    paths = (f"data.root={striped_faces}", f"paths.runs={folder / 'runs'}", f"paths.cache={folder / 'cache'}")
    training = ("trainer.epochs=8", "trainer.deterministic=false", "workers=1")
    train(composed("train", [*TINY, *TWO_STAGES, *paths, *training]))
    return folder


@pytest.fixture(scope="session")
def tiny_run(tiny_project: Path) -> RunRecord:
    return resolve("last", tiny_project / "runs")[0]


@pytest.fixture(scope="session")
def tiny_data(tiny_project: Path) -> PreparedData:
    (account,) = (tiny_project / "cache").glob("*/data.json")
    return PreparedData.open(account.parent)


@pytest.fixture(scope="session")
def builder(tiny_run: RunRecord, tiny_data: PreparedData) -> Builder:
    return Builder(tiny_run, tiny_data, load_network(tiny_run), tiny_run.temperatures, calibration_images=30)
