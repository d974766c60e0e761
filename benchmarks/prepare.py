"""The rate of `prepare` against bare decoding of the same files on the same cores.

    python benchmarks/prepare.py [--photographs 400] [--rounds 3]

Makes JPEG photographs of 133 to 4,689 pixels (log-uniform, as in the competition's folder), then alternates:
`cv2.imdecode` alone, shared out to one process a core, and `prepare` as a whole (safe opening, upright, RGB,
crop, resize, hashes, duplicates, writing). Both start from files that the system has in memory. Printed are
medians over the rounds. `prepare` may be faster: it lets the JPEG decoder shrink large photographs.
"""

import argparse
import shutil
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import cv2
import numpy as np

from emolab.config.command import composed
from emolab.data.configured import prepare_data
from emolab.processor import usable_cores

SMALLEST, LARGEST = 133, 4_689


def main() -> None:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--photographs", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with TemporaryDirectory() as folder:
        root = Path(folder)
        make_photographs(root / "faces", arguments.photographs)
        rates = measure(root, arguments.rounds)
    bare, whole = (float(np.median(values)) for values in zip(*rates, strict=True))
    print(f"{arguments.photographs} photographs, {usable_cores()} processes, medians of {arguments.rounds} rounds")
    print(f"cv2.imdecode alone  {bare:8.1f} photographs/s")
    print(f"prepare             {whole:8.1f} photographs/s   ratio {whole / bare:.2f}")


def make_photographs(root: Path, count: int) -> None:
    """Write smooth random pictures as JPEG, in two classes."""
    random = np.random.default_rng(0)
    for number, side in enumerate(np.geomspace(SMALLEST, LARGEST, count).astype(int)):
        folder = root / ("happy" if number % 2 else "sad")
        folder.mkdir(parents=True, exist_ok=True)
        coarse = random.integers(0, 256, (12, 12, 3)).astype(np.uint8)
        smooth = cv2.resize(coarse, (int(side), int(side)), interpolation=cv2.INTER_CUBIC)
        grain = random.normal(0, 6, (int(side), int(side), 1))
        cv2.imwrite(str(folder / f"{number}.jpg"), np.clip(smooth + grain, 0, 255).astype(np.uint8))


def measure(root: Path, rounds: int) -> list[tuple[float, float]]:
    """Return (bare, prepare) in photographs a second, a pair a round."""
    paths = sorted((root / "faces").rglob("*.jpg"))
    overrides = ["data=folder", f"data.root={root / 'faces'}", f"paths.cache={root / 'cache'}"]
    cfg = composed("prepare", overrides)
    rates = []
    with ProcessPoolExecutor(usable_cores(), mp_context=get_context("spawn")) as pool:
        list(pool.map(decode, paths, chunksize=8))  # starts the processes, and brings the files into memory
        for _ in range(rounds):
            began = time.perf_counter()
            list(pool.map(decode, paths, chunksize=8))
            middle = time.perf_counter()
            shutil.rmtree(root / "cache", ignore_errors=True)
            prepare_data(cfg)
            rates.append((len(paths) / (middle - began), len(paths) / (time.perf_counter() - middle)))
    return rates


def decode(path: Path) -> int:
    """Read and decode one file; return its height in pixels."""
    return int(cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR).shape[0])


if __name__ == "__main__":
    main()
