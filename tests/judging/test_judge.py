from pathlib import Path

import numpy as np
from made_photographs import class_folders, made

from emolab.data.readers.folder import FolderReader
from emolab.judging.judge import Judge


def test_the_photographs_of_a_person_are_one_group_of_predictions(tmp_path: Path) -> None:
    folder = class_folders(tmp_path / "photographs", {"anger": 6, "sad": 6})
    people = {f"{label}/{number}.jpg": f"p{number // 3}" for label in ("anger", "sad") for number in range(6)}
    lines = ["image_path,person", *(f"{path},{person}" for path, person in people.items())]
    (folder / "people.csv").write_text("\n".join(lines) + "\n")
    data = made(FolderReader(folder, people="people.csv"), tmp_path / "cache")
    rows = np.arange(len(data.images))
    assert len(set(data.clusters(rows).tolist())) == 12  # no photograph is another's twin

    def classify(images: np.ndarray) -> np.ndarray:
        return np.zeros((len(images), 2), np.float32)

    said = Judge(classify, data, data.classes, batch_size=5).predict(rows)
    np.testing.assert_array_equal(said.images, data.identities(rows))
    groups = said.groups
    persons = [people[source] for source in data.index["source"]]
    assert len(set(groups.tolist())) == len(set(zip(groups.tolist(), persons, strict=True))) == 2
