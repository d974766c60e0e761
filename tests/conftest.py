"""What all tests share: a quiet TensorFlow, and tiny data sets made on the spot."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")
os.environ.setdefault("WANDB_MODE", "offline")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")  # more threads than cores wait busily

import signal
from pathlib import Path

import hypothesis
import numpy as np
import pytest
from PIL import Image

from emolab.interrupts import HANG_UP
from emolab.processor import take_fast_kernels

take_fast_kernels()  # as commands do
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as a shell's background jobs do: commands under test would, too
    signal.signal(signal.SIGINT, signal.default_int_handler)
if HANG_UP is not None and signal.getsignal(HANG_UP) is signal.SIG_IGN:  # as under nohup
    signal.signal(HANG_UP, signal.SIG_DFL)

hypothesis.settings.register_profile("emolab", deadline=None)  # machines are shared
hypothesis.settings.load_profile("emolab")

# What takes half a minute or more, the longest first: begun last, it would keep one process busy while others idle.
LONG = (
    "e2e/test_kill_and_resume.py",
    "training/test_trainer.py",
    "e2e/test_sweep.py",
    "e2e/test_train_and_evaluate.py",
    "experiments/test_levers.py",
    "engines/test_export.py",
    "e2e/test_grid.py",
    "experiments/test_founding.py",
    "experiments/test_label_noise.py",
    "test_cli.py",
    "data/test_processes.py",
    "models/test_networks.py",
    "engines/test_engines.py",
    "experiments/test_worker.py",
    "tracking/test_wandb.py",
)
SHARED = Path(__file__).resolve().parents[2] / "shared"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the long files first; the others stay in their order."""
    places = {(Path(__file__).parent / name).resolve(strict=True): place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.path, len(LONG)))


@pytest.fixture
def shared() -> Path:
    """The folder of real data and weights; the test is skipped where it's absent."""
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} is absent: real data and weights are kept outside the repo")
    return SHARED


@pytest.fixture(scope="session")
def demo_cache(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A setting: the cache in which whoever comes first prepares the demo faces for all of xdist's processes."""
    folder = tmp_path_factory.getbasetemp()
    return f"paths.cache={(folder.parent if 'PYTEST_XDIST_WORKER' in os.environ else folder) / 'demo_cache'}"


@pytest.fixture(scope="session")
def striped_faces(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder data set that a network can learn: three classes of stripes, 20 + 8 + 8 images each, 36 pixels."""
    root = tmp_path_factory.mktemp("striped")
    random = np.random.default_rng(0)
    for split, count in (("train", 20), ("validation", 8), ("test", 8)):
        for label, name in enumerate(("anger", "happy", "sad")):
            folder = root / split / name
            folder.mkdir(parents=True)
            for number in range(count):
                Image.fromarray(_stripes(label, random)).save(folder / f"{number}.png")
    return root


def _stripes(label: int, random: np.random.Generator) -> np.ndarray:
    wave = np.sin(np.arange(36) / (1.0 + label) + random.uniform(0, 6))
    image = 128 + 80 * (wave[:, None] if label % 2 else wave[None, :]) + random.normal(0, 25, (36, 36))
    return np.repeat(np.clip(image, 0, 255).astype(np.uint8)[..., None], 3, axis=2)
