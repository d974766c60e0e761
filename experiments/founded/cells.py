"""The cells of the founding table: which network, and how it was trained."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product


@dataclass(frozen=True, order=True)
class Cell:
    """One row of the table."""

    model: str
    augmentation: str
    finetuning: str

    def overrides(self) -> list[str]:
        """Return what a training of this cell sets."""
        return [f"model={self.model}", f"aug={self.augmentation}", f"finetune={self.finetuning}"]


def cells_of(models: Sequence[str], augmentations: Sequence[str], finetunings: Sequence[str]) -> list[Cell]:
    """Return every combination."""
    return [Cell(*chosen) for chosen in product(models, augmentations, finetunings)]
