from emolab.flat import flat


def test_nested_keys_are_dotted_in_order_and_what_is_empty_stays_a_value() -> None:
    nested = {"b": {"y": {"z": [1]}, "x": None}, "a": {}, 3: "c"}
    assert list(flat(nested).items()) == [("b.y.z", [1]), ("b.x", None), ("a", {}), ("3", "c")]
    assert flat({}) == {}
