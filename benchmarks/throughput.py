"""Training throughput against its limit: the same step fed with one batch that lies in memory.

    python benchmarks/throughput.py [--models vgg19 resnet50 mobilenetv2 custom_cnn] [--rounds 5] [--steps 8]
                                    [--processor-time]

For each model, with and without augmentation, steps fed by the data module and steps fed with one constant
batch alternate in one process, so that noise hits both alike. Printed is the median over the rounds of the
images a second, and the ratio, which is the share of the time that isn't lost to reading.
The images are random: what is measured is how fast they come, not what is learned. `--processor-time` counts seconds of
the processor's time in place of the clock's: on a busy machine, and pinned to one core (`taskset -c 1`).
"""

import argparse
import time
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import tensorflow as tf
from PIL import Image

from emolab.config.command import composed
from emolab.data.configured import prepare_data
from emolab.data.datamodule import DataModule
from emolab.runs.first_weights import first_weights
from emolab.training.assembly import build_module, build_trainer
from emolab.training.trainer import seed_everything

IMAGES = 2_000


def main() -> None:
    """Measure each model and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", nargs="+", default=["custom_cnn", "mobilenetv2", "resnet50", "vgg19"])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--steps", type=int, default=8)
    parser.add_argument("--processor-time", action="store_true")
    arguments = parser.parse_args()
    clock = time.process_time if arguments.processor_time else time.perf_counter
    print("model        aug  streamed  constant  ratio   (images/s; medians over rounds)")
    with TemporaryDirectory() as folder:
        root = Path(folder)
        make_photographs(root / "faces")
        for model in arguments.models:
            for aug in ("off", "on"):
                streamed, constant = measure(root, model, aug, arguments.rounds, arguments.steps, clock)
                ratio = float(np.median(np.array(streamed) / np.array(constant)))
                print(
                    f"{model:<12} {aug:<4} {np.median(streamed):8.0f}  {np.median(constant):8.0f}  {ratio:5.3f}",
                    flush=True,
                )


def make_photographs(root: Path) -> None:
    """Write random 48-pixel PNGs in two classes, with a validation image each."""
    random = np.random.default_rng(0)
    for number in range(IMAGES):
        split = "train" if number >= 4 else "validation"
        folder = root / split / ("happy" if number % 2 else "sad")
        folder.mkdir(parents=True, exist_ok=True)
        Image.fromarray(random.integers(0, 256, (48, 48, 3)).astype(np.uint8)).save(folder / f"{number}.png")


def measure(
    root: Path, model: str, aug: str, rounds: int, steps: int, clock: Callable[[], float]
) -> tuple[list[float], list[float]]:
    """Return images a second of each round: fed by the data module, and with one constant batch."""
    overrides = [
        "data=folder",
        f"data.root={root / 'faces'}",
        "data.image_size=48",
        f"paths.cache={root / 'cache'}",
    ]
    cfg = composed("train", [*overrides, f"model={model}", f"aug={aug}", "model.weights=null"])
    data = DataModule(prepare_data(cfg), cfg.trainer.batch_size, cfg.seed)
    seed_everything(cfg.seed, cfg.trainer.deterministic)
    trainer = build_trainer(cfg, None, None)
    module = build_module(cfg, trainer, data, first_weights(None, model))
    trainer.compile(module, data)
    module.make_train_function()
    stream = iter(data.train_dataset(0, 10**6))
    batch = tuple(map(tf.constant, data.train_batch(0)))
    sources = (lambda: next(stream), lambda: batch)
    rates: tuple[list[float], list[float]] = ([], [])
    for round_number in range(rounds + 1):
        for source, found in zip(sources, rates, strict=True):
            began = clock()
            for _ in range(steps):
                module.train_function([source()])
            if round_number:  # the first one traces and warms up
                found.append(steps * data.batch_size / (clock() - began))
    return rates


if __name__ == "__main__":
    main()
