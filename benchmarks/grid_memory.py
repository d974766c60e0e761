"""Does a long grid grow? The memory of the grid's own process and of each of its trainings.

python benchmarks/grid_memory.py [runs] [folder]

Trains a tiny network on made-up stripes, 20 times by default, some 6 minutes on two cores. A training in a process
of its own begins at the same memory each time; what could grow is the process that starts them.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
from PIL import Image

from emolab.files import read_json
from emolab.jobs import Plan

SETTINGS = (
    "model=custom_cnn", "model.backbone.stem=4", "model.backbone.widths=[4,8]", "model.backbone.depths=[1,1]",
    "model.partial_from=stage2_block1_shortcut_conv", "data=folder", "data.image_size=32", "trainer.batch_size=12",
    "trainer.epochs=2", "trainer.precision=float32", "evaluate=false", "workers=1",
)  # fmt: skip


def main() -> None:
    """Run the grid and print a line a training."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("runs", type=int, nargs="?", default=20)
    parser.add_argument("folder", type=Path, nargs="?", default=Path("grid_memory"))
    arguments = parser.parse_args()
    runs, folder = arguments.runs, arguments.folder.resolve()
    make_stripes(folder / "faces")
    command = [sys.executable, "-m", "emolab.train", "-m", *SETTINGS, f"data.root={folder / 'faces'}"]
    before = set(folder.glob("grids/*/"))
    grid = subprocess.Popen([*command, f"seed=range({runs})"], cwd=folder, stdout=subprocess.DEVNULL)
    own = watched(grid, folder, before, runs)
    plan = Plan.open(folder / (set(folder.glob("grids/*/")) - before).pop().relative_to(folder))
    print("training  peak MiB  MiB of the grid's process at its end")
    for number in range(runs):
        peak = read_json(folder / plan.outcome_path(number))["memory_mib"]
        print(f"{number:>8}  {peak:>8.0f}  {own.get(number, float('nan')):>8.0f}")
    first, last = own[min(own)], own[max(own)]
    print(f"the grid's process grew by {last - first:+.1f} MiB over {max(own) - min(own)} trainings")


def watched(grid: subprocess.Popen[bytes], folder: Path, before: set[Path], runs: int) -> dict[int, float]:
    """Return training -> resident memory of the grid's process, in MiB, when that training ended."""
    own: dict[int, float] = {}
    while grid.poll() is None:
        place = next(iter(set(folder.glob("grids/*/")) - before), None)
        done = [] if place is None else [number for number in range(runs) if (place / f"{number}.json").exists()]
        for number in set(done) - set(own):
            own[number] = resident_mib(grid.pid)
        time.sleep(0.2)
    return own


def resident_mib(pid: int) -> float:
    """Return the memory that a process holds (Linux)."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmRSS")), float("nan"))


def make_stripes(root: Path) -> None:
    """Write three classes of stripes, which any network learns."""
    random = np.random.default_rng(0)
    for split, count in (("train", 20), ("validation", 8)):
        for label, name in enumerate(("anger", "happy", "sad")):
            place = root / split / name
            place.mkdir(parents=True, exist_ok=True)
            for number in range(count):
                wave = np.sin(np.arange(36) / (1.0 + label) + random.uniform(0, 6))
                image = 128 + 80 * np.broadcast_to(wave if label % 2 else wave[:, None], (36, 36))
                Image.fromarray(np.clip(image + random.normal(0, 25, (36, 36)), 0, 255).astype(np.uint8)).save(
                    place / f"{number}.png"
                )


if __name__ == "__main__":
    main()
