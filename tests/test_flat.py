from hypothesis import given
from hypothesis import strategies as st

from emolab.flat import flat, is_within, short_names


def test_nested_keys_are_dotted_in_order_and_what_is_empty_stays_a_value() -> None:
    nested = {"b": {"y": {"z": [1]}, "x": None}, "a": {}, 3: "c"}
    assert list(flat(nested).items()) == [("b.y.z", [1]), ("b.x", None), ("a", {}), ("3", "c")]
    assert flat({}) == {}


def test_a_key_lies_within_itself_and_what_it_begins_with_word_by_word() -> None:
    found = {key: is_within(key, ["x", "a.b"]) for key in ("a.b", "a.b.c", "x.y", "a.bc", "a")}
    assert list(found.values()) == [True, True, True, False, False]


def test_a_key_is_named_by_its_shortest_ending_that_no_other_has() -> None:
    keys = ("aug.layers.brightness.factor", "aug.layers.affine.factor", "aug.layers.flip._target_", "seed", "aug.seed")
    assert list(short_names(keys).values()) == ["brightness.factor", "affine.factor", "flip", "seed", "aug.seed"]
    assert short_names(["aug.layers.contrast.factor"]) == {"aug.layers.contrast.factor": "factor"}
    assert list(short_names(["a.b", "a.b._target_", "a.b._partial_"]).values()) == ["b", "b._target_", "b._partial_"]


WORDS = st.sampled_from(["a", "b", "_target_"])
KEYS = st.lists(WORDS, max_size=3).flatmap(lambda words: st.sampled_from(["x", "y"]).map(lambda one: [one, *words]))


@given(st.sets(KEYS.map(".".join)))
def test_no_two_keys_have_the_same_name(keys: set[str]) -> None:
    names = short_names(keys)
    assert names.keys() == keys
    assert len(set(names.values())) == len(keys)
    assert all(not name.startswith("_") and name in key for key, name in names.items())
