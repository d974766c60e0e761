"""One training for the tests of the viewer and of the Kaggle file: a competition's folder and a run beside it."""

from contextlib import chdir
from pathlib import Path

import numpy as np
import pytest
from commands import TINY
from PIL import Image

from emolab.config.command import composed
from emolab.train import train

NETWORK = [setting for setting in TINY if not setting.startswith("data=")]


@pytest.fixture(scope="session")
def competition(tmp_path_factory: pytest.TempPathFactory, striped_faces: Path) -> Path:
    """Stripes in a competition's layout; folders and labels come in an order that isn't the alphabet's."""
    root = tmp_path_factory.mktemp("kaggle") / "competition"
    rows, truth = [], []
    for label in ("sad", "anger", "happy"):
        (root / "train" / label).mkdir(parents=True)
        for number, path in enumerate(sorted((striped_faces / "train" / label).iterdir())):
            name = f"train/{label}/{number}.png"
            Image.open(path).save(root / name)
            rows.append((name, label))
    (root / "test_kaggle").mkdir()
    for number, path in enumerate(sorted((striped_faces / "test").glob("*/*.png"))):
        Image.open(path).save(root / "test_kaggle" / f"{number}.png")
        truth.append((f"{number}.png", path.parent.name))
    order = np.random.default_rng(0).permutation(len(truth))
    (root / "train.csv").write_text(
        ",image_path,emotion\n" + "".join(f"{i},{n},{c}\n" for i, (n, c) in enumerate(rows))
    )
    lines = "".join(f"{truth[place][0]},happy\n" for place in order)
    (root / "sample_submission.csv").write_text(f"image_path,emotion\n{lines}")
    (root.parent / "truth.csv").write_text("".join(f"{name},{label}\n" for name, label in truth))
    data = ("data=kaggle", "data.root=competition", "workers=1")
    rest = ("trainer.epochs=12", "trainer.deterministic=false", "evaluate=false", "aug=off")
    with chdir(root.parent):
        train(composed("train", [*NETWORK, *data, *rest]))
    return root
