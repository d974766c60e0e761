"""What to make of a data set."""

from dataclasses import dataclass, field

from emolab.data.image import Limits
from emolab.errors import ConfigError


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

    Raises:
        ConfigError: if a value is out of its range.
    """

    name: str
    image_size: int = 48
    limits: Limits = field(default_factory=Limits)
    validation: float = 0.1
    test: float = 0.1
    split_seed: int = 0
    near_duplicate_bits: int | None = 8

    def __post_init__(self) -> None:
        """Check the ranges."""
        bits = self.near_duplicate_bits
        _require(self.name.strip(".") != "" and "/" not in self.name, "name", self.name, "a plain name")
        _require(self.image_size >= 8, "image_size", self.image_size, "at least 8 pixels")
        _require(0 <= self.validation <= 1, "split.validation", self.validation, "0 to 1")
        _require(0 <= self.test <= 1, "split.test", self.test, "0 to 1")
        _require(self.validation + self.test <= 1, "split", (self.validation, self.test), "a sum of at most 1")
        _require(bits is None or 0 <= bits <= 16, "near_duplicate_bits", bits, "null or 0 to 16")


def _require(fine: bool, key: str, value: object, expected: str) -> None:
    if not fine:
        raise ConfigError(f"data.{key}={value}: expected {expected}")
