"""The faces that come with emolab."""

from pathlib import Path

import emolab.data
from emolab.data.readers.kaggle import KaggleReader

FACES = Path(emolab.data.__file__).parent / "demo"
TEST_LABELS, PEOPLE = "test_labels.csv", "people.csv"


def demo_reader() -> KaggleReader:
    """Return the reader of the demo faces: a Kaggle competition's folder whose test labels and people are known."""
    return KaggleReader(FACES, test_labels=TEST_LABELS, people=PEOPLE)
