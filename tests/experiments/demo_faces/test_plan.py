from collections import Counter

import numpy as np
import pytest

from experiments.demo_faces.casting import plan
from experiments.demo_faces.expressions import CLASSES
from experiments.demo_faces.identity import SEXES, sample_identity
from experiments.demo_faces.view import sample_view


def test_everybody_shows_every_class_once_and_nobody_is_on_both_sides() -> None:
    shots = plan(seed=0, people=60, test_people=20)
    assert Counter((shot.person, shot.label) for shot in shots) == {
        (person, label): 1 for person in range(60) for label in CLASSES
    }
    trained, tested = ({shot.person for shot in shots if shot.is_test is side} for side in (False, True))
    assert (len(trained), len(tested)) == (40, 20)
    assert not trained & tested


def test_files_have_names_of_their_own_that_say_neither_person_nor_test_class() -> None:
    shots = plan(seed=0, people=60, test_people=20)
    assert len({shot.path for shot in shots}) == len(shots)
    numbers = [int(shot.path.rpartition("/")[2].removesuffix(".jpg")) for shot in shots if shot.is_test]
    assert sorted(numbers) == list(range(len(numbers)))
    assert abs(np.corrcoef(numbers, [shot.person for shot in shots if shot.is_test])[0, 1]) < 0.2


def test_the_plan_is_a_function_of_the_seed() -> None:
    assert plan(1, 40, 20) == plan(1, 40, 20)
    assert plan(1, 40, 20) != plan(2, 40, 20)


@pytest.mark.parametrize(("people", "test_people"), [(30, 20), (40, 10), (40, 40)])
def test_people_that_would_leave_tones_uneven_are_refused(people: int, test_people: int) -> None:
    with pytest.raises(ValueError, match="multiples of 20"):
        plan(0, people, test_people)


def test_any_twenty_people_hold_each_tone_with_each_sex_once() -> None:
    people = [sample_identity(0, number) for number in range(40, 60)]
    assert Counter((person.tone, person.sex) for person in people) == {
        (tone, sex): 1 for tone in range(1, 11) for sex in SEXES
    }


def test_a_person_is_a_function_of_seed_and_number() -> None:
    assert sample_identity(0, 5) == sample_identity(0, 5)
    assert sample_identity(0, 5) != sample_identity(1, 5)


def test_views_are_mostly_frontal_and_never_from_behind() -> None:
    views = [sample_view(np.random.default_rng(seed)) for seed in range(200)]
    assert max(abs(view.yaw) for view in views) <= 32
    assert np.median([abs(view.yaw) for view in views]) < 12
