"""Who shows what, and in which file: the plan of the pack, drawn from its seed before anything is rendered.

Everybody shows every class once, so that neither tone, sex, age nor anything else of a person tells the class. The
test people come last: nobody is in both parts.
"""

from dataclasses import dataclass

import numpy as np

from emolab.data.readers.kaggle import TEST, TRAIN
from experiments.demo_faces.expressions import CLASSES

ROUND = 20  # people: ten tones times two sexes, see `sample_identity`


@dataclass(frozen=True)
class Shot:
    """One photograph of the plan.

    Attributes:
        person: the identity's number.
        label: what it shows.
        path: its file, relative to the pack.
    """

    person: int
    label: str
    path: str

    @property
    def is_test(self) -> bool:
        """Whether it lies in the test folder."""
        return self.path.startswith(f"{TEST}/")


def plan(seed: int, people: int, test_people: int) -> list[Shot]:
    """Return the photographs of the pack: nine a person, the last `test_people` of them in the test folder.

    The files' numbers are drawn, so that a name says nothing about person or class.

    Args:
        seed: of the pack.
        people: how many, a multiple of 20, so that tones and sexes are even.
        test_people: how many of them are tested on, likewise.

    Raises:
        ValueError: if either isn't a multiple of 20, or nobody is left to train on.
    """
    if people % ROUND or test_people % ROUND or not 0 <= test_people < people:
        raise ValueError(f"people ({people}) and test_people ({test_people}) must be multiples of {ROUND}, people more")
    trained = [(person, label) for person in range(people - test_people) for label in CLASSES]
    tested = [(person, label) for person in range(people - test_people, people) for label in CLASSES]
    generator = np.random.default_rng([seed, people, test_people])
    return [
        *(
            Shot(person, label, f"{TRAIN}/{label}/{number}.jpg")
            for number, (person, label) in zip(generator.permutation(len(trained)), trained, strict=True)
        ),
        *(
            Shot(person, label, f"{TEST}/{number}.jpg")
            for number, (person, label) in zip(generator.permutation(len(tested)), tested, strict=True)
        ),
    ]
