"""What pruning saves: the same sweep with and without, on a part of FER2013.

python benchmarks/pruning.py fer2013.csv.gz [folder] [trials]

All sweeps draw the same settings at random, so that the best values can be compared; they run side by side, and go on
where they were. Some 30 minutes on two cores.
"""

import argparse
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import optuna
import pandas as pd

from emolab.files import write_atomically
from emolab.processor import usable_cores

PARTS = {"Training": 2000, "PublicTest": 800, "PrivateTest": 200}  # images of each official split
SETTINGS = (
    "model=custom_cnn", "model.backbone.stem=16", "model.backbone.widths=[16,32,64,96]", "aug=off", "data=fer2013",
    "data.image_size=32", "trainer.epochs=10", "sampler=random", "trainer.precision=float32",
)  # fmt: skip


def main() -> None:
    """Run the sweeps and print the epochs and the best value of each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("source", type=Path, help="FER2013's CSV")
    parser.add_argument("folder", type=Path, nargs="?", default=Path("pruning"))
    parser.add_argument("trials", type=int, nargs="?", default=30)
    arguments = parser.parse_args()
    source, folder, trials = arguments.source, arguments.folder, arguments.trials
    part = folder / f"part-{'-'.join(map(str, PARTS.values()))}.csv"
    write_part(source, part)
    print("pruner     trials  finished  pruned  failed  epochs  best validation accuracy")
    pruners = ("none", "median", "hyperband")
    with ThreadPoolExecutor(usable_cores()) as pool:
        studies = list(pool.map(lambda pruner: swept(folder, part, pruner, trials), pruners))
    for pruner, study in zip(pruners, studies, strict=True):
        states = [trial.state.name for trial in study.trials]
        epochs = sum(trial.user_attrs.get("epochs", 0) for trial in study.trials)
        counts = [states.count(state) for state in ("COMPLETE", "PRUNED", "FAIL")]
        print(
            f"{pruner:<10} {len(states):>6} ",
            *(f"{count:>8}" for count in counts),
            f"{epochs:>7}  {study.best_value:.4f}",
        )


def write_part(source: Path, part: Path) -> None:
    """Write the first images of each split: the published order is random."""
    if not part.exists():
        table = pd.read_csv(source)
        usage = table["Usage"].str.strip()
        with write_atomically(part) as temporary:
            pd.concat([table[usage == split].head(count) for split, count in PARTS.items()]).to_csv(
                temporary, index=False
            )


def swept(folder: Path, part: Path, pruner: str, trials: int) -> optuna.Study:
    """Run a sweep as a user does, and return its study."""
    place = [f"name={pruner}", f"data.path={part}", f"pruner={pruner}", f"n_trials={trials}"]
    kept = [f"output={folder / pruner}", f"paths.runs={folder / 'runs'}", f"paths.cache={folder / 'cache'}"]
    command = [sys.executable, "-m", "experiments.sweep", *SETTINGS, *place, *kept]
    with (folder / f"{pruner}.log").open("a") as log:
        subprocess.run(command, check=True, stdout=log, stderr=log)
    return optuna.load_study(study_name=pruner, storage=f"sqlite:///{folder / pruner / 'study.db'}")


if __name__ == "__main__":
    main()
