import pytest
from commands import TINY
from hydra.utils import instantiate

from emolab.config.command import composed
from emolab.errors import ConfigError
from emolab.training.optimizers import configured

KERAS = "keras.optimizers.schedules.CosineDecay"


@pytest.mark.parametrize(
    ("overrides", "key", "name"),
    [
        (["~optimizer._partial_"], "optimizer", "AdamW"),
        (["optimizer=muon", "~optimizer._partial_"], "optimizer", "Muon"),
        (
            ["~schedule", f"+schedule={{_target_: {KERAS}, initial_learning_rate: 1, decay_steps: 9}}"],
            "schedule",
            "Cosi",
        ),
        (["schedule=constant", "~schedule._partial_"], "schedule", "float"),
    ],
)
def test_what_is_built_too_early_is_told_with_the_key_that_mends_it(overrides: list[str], key: str, name: str) -> None:
    cfg = composed("train", [*TINY, "data.root=faces", *overrides])
    optimizer, schedule = instantiate(cfg.optimizer, _convert_="all"), instantiate(cfg.schedule, _convert_="all")
    with pytest.raises(ConfigError, match=f"^{key}: {name}.*Add `_partial_: true` beside the `_target_` of {key}"):
        configured(optimizer, schedule, 10, [])
