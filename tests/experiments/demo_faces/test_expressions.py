from collections import defaultdict

import numpy as np
import pytest

from experiments.demo_faces.actions import ACTIONS
from experiments.demo_faces.expressions import CLASSES, CONTEMPT, RECIPES, REST, Expression, sample_expression

# What EMFACS holds for each emotion's mark: units of which each variant must show the first tuple whole, and at least
# one of the second.
MARKS = {
    "anger": ((4, 7), (10, 17, 22, 23, 24)),
    "disgust": ((), (9, 10)),
    "fear": ((1, 2, 4, 5, 20), (25, 26, 27)),
    "happy": ((6, 12), (6,)),
    "sad": ((1, 4, 15), (15,)),
    "surprise": ((1, 2, 5), (26, 27)),
}
FORBIDDEN = {"anger": (1, 2, 12), "disgust": (1, 2, 5, 12), "happy": (1, 4, 15), "sad": (2, 5, 12), "surprise": (4, 20)}


def drawn(label: str, count: int = 200) -> list[Expression]:
    return [sample_expression(np.random.default_rng([number, 7]), label) for number in range(count)]


def test_the_classes_are_nine_in_order_of_their_code_points() -> None:
    assert list(CLASSES) == sorted(CLASSES)
    assert set(CLASSES) == {*RECIPES, "contempt", "uncertain"}
    assert len(CLASSES) == 9


@pytest.mark.parametrize("label", MARKS)
def test_every_variant_holds_the_units_that_mark_its_emotion(label: str) -> None:
    needed, one_of = MARKS[label]
    for recipe in RECIPES[label]:
        assert set(needed) <= set(recipe)
        assert set(one_of) & set(recipe)
        assert not set(FORBIDDEN.get(label, ())) & set(recipe)


def test_every_unit_of_a_recipe_can_be_moved() -> None:
    used = {unit for recipes in [*RECIPES.values(), CONTEMPT] for recipe in recipes for unit in recipe}
    assert used <= set(ACTIONS)


def test_contempt_is_on_one_side_and_either_side_comes_up() -> None:
    sides = defaultdict(int)
    for expression in drawn("contempt"):
        left, right = expression.intensities[14]
        assert max(left, right) > 3 * min(left, right)
        sides[left > right] += 1
    assert min(sides.values()) > 60


def test_a_neutral_face_hardly_moves() -> None:
    assert max(max(sides) for expression in drawn("neutral") for sides in expression.intensities.values()) <= REST


def test_uncertain_is_weaker_than_any_emotion() -> None:
    def strength(label: str) -> float:
        return float(np.mean([np.sum(list(expression.intensities.values())) for expression in drawn(label)]))

    assert strength("uncertain") < 0.75 * min(strength(label) for label in MARKS)


@pytest.mark.parametrize("label", CLASSES)
def test_an_expression_is_a_function_of_its_generator(label: str) -> None:
    first, again, other = (sample_expression(np.random.default_rng(seed), label) for seed in (3, 3, 4))
    assert first == again
    assert first != other


def test_strength_and_symmetry_vary() -> None:
    expressions = drawn("happy")
    strengths = [expression.strength for expression in expressions]
    tilts = [left / right for left, right in (expression.intensities[12] for expression in expressions)]
    assert np.ptp(strengths) > 0.3
    assert np.std(tilts) > 0.1


def test_an_unknown_class_is_refused() -> None:
    with pytest.raises(KeyError):
        sample_expression(np.random.default_rng(0), "bored")
