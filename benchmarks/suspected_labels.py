"""What FER+'s ten raters say of the labels that `experiments.label_noise` suspects.

    python benchmarks/suspected_labels.py fer2013.csv.gz fer2013new.csv label_noise/suspected.csv

FER+ rated the photographs of FER2013 again. For the suspected and for the other training images it prints how often
FER+'s majority is FER2013's label, and how often it's what the networks suggest. The networks never saw FER+.
"""

import argparse
from pathlib import Path

import pandas as pd

from emolab.data.readers.fer2013 import Fer2013Reader
from emolab.data.readers.ferplus import FerPlusReader
from emolab.data.records import USABLE


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("faces", type=Path)
    parser.add_argument("votes", type=Path)
    parser.add_argument("suspected", type=Path)
    arguments = parser.parse_args()
    given = labels(Fer2013Reader(arguments.faces))
    rated = labels(FerPlusReader(arguments.faces, arguments.votes, "majority"))
    table = pd.DataFrame({"given": given, "rated": rated}).dropna()
    table["suggested"] = pd.read_csv(arguments.suspected).set_index("image")["suggested"]
    suspected = table[table["suggested"].notna()]
    others = table[table["suggested"].isna()]
    print(f"training images with a majority in FER+: {len(table)}, {len(suspected)} of them suspected")
    print(f"FER+ agrees with the label: suspected {agree(suspected, 'given'):.3f}, others {agree(others, 'given'):.3f}")
    print(f"FER+ agrees with the suggestion: suspected {agree(suspected, 'suggested'):.3f}")


def labels(reader: Fer2013Reader | FerPlusReader) -> pd.Series:
    """Return the label of each usable training image, by its name."""
    records = [one for one in reader.read().records if one.status == USABLE and one.split == "train"]
    return pd.Series({one.source: one.label for one in records})


def agree(rows: pd.DataFrame, column: str) -> float:
    """Return the share of rows, 0 to 1, whose majority in FER+ is what `column` says."""
    return float((rows["rated"] == rows[column]).mean())


if __name__ == "__main__":
    main()
