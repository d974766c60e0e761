import pytest

from emolab.config.command import composed
from emolab.config.layers import named
from emolab.config.tree import conf_folder, groups

FLIP, TURN = {"_target_": "keras_cv.layers.RandomFlip"}, {"_target_": "mine.Turn", "factor": 0.1}


def test_a_layer_of_a_list_gets_the_name_of_its_class_and_the_order_stays() -> None:
    assert list(named([TURN, FLIP, TURN, TURN]).items()) == [
        ("turn", TURN),
        ("flip", FLIP),
        ("turn2", TURN),
        ("turn3", TURN),
    ]
    assert named([]) == {}


@pytest.mark.parametrize("choice", groups(conf_folder())["aug"])
def test_the_names_in_conf_are_those_that_lists_of_before_get(choice: str) -> None:
    aug = composed("train", ["data=demo", f"aug={choice}"]).aug
    for stage in ("layers", "camera", "blends"):
        layers = dict(aug.get(stage, {}))
        nodes = [dict(layer) for layer in layers.values()]
        assert list(named(nodes)) == list(layers)


@pytest.mark.parametrize("other", [{"flip": FLIP}, None, "flip", ["flip"], [FLIP, {"rate": 1}], [{"_target_": 3}]])
def test_what_is_no_list_of_layers_stays_for_others_to_refuse(other: object) -> None:
    assert named(other) is other
