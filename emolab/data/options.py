"""What to make of a data set."""

from dataclasses import dataclass, field

from emolab.data.image import Limits


@dataclass(frozen=True, slots=True)
class Options:
    """What decides the content of a prepared data set, besides the data itself.

    Attributes:
        name: Name of the data set; the prepared folder begins with it.
        image_size: Side of the prepared squares in pixels.
        limits: What a single file may cost.
        validation: Share of each class, 0 to 1, drawn for validation where there is no official one.
        test: Share of each class, 0 to 1, drawn for test where there is no official one.
        split_seed: Changes that draw.
        near_duplicate_bits: Hamming distance of perceptual hashes up to which images are compared as
            duplicates; `None` looks for exact ones only.
    """

    name: str
    image_size: int = 48
    limits: Limits = field(default_factory=Limits)
    validation: float = 0.1
    test: float = 0.1
    split_seed: int = 0
    near_duplicate_bits: int | None = 8
