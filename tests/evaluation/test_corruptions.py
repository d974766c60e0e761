import numpy as np
import pytest
from scipy.ndimage import gaussian_filter

from emolab.evaluation.corruptions import CORRUPTIONS, GREY, corrupted, scale, shift

ROWS = np.array([7, 500])
LEVELS = [(name, level) for name, kind in CORRUPTIONS.items() for level in kind.levels if level != kind.intact]


@pytest.fixture(scope="module")
def faces() -> np.ndarray:
    """Two smooth coloured images, uint8 (2, 48, 48, 3)."""
    rough = np.random.default_rng(0).uniform(0, 255, (2, 48, 48, 3))
    smooth = gaussian_filter(rough, (0, 3, 3, 0))
    return np.clip(128 + 6 * (smooth - 128), 20, 235).astype(np.uint8)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_the_intact_level_is_among_the_levels_and_gives_the_images_back(faces: np.ndarray, name: str) -> None:
    kind = CORRUPTIONS[name]
    assert kind.intact in kind.levels
    assert list(kind.levels) == sorted(kind.levels)
    np.testing.assert_array_equal(corrupted(faces, ROWS, kind, kind.intact, seed=0), faces)


@pytest.mark.parametrize(("name", "level"), LEVELS)
def test_damage_keeps_the_shape_leaves_the_original_and_depends_on_the_seed_alone(
    faces: np.ndarray, name: str, level: float
) -> None:
    before = faces.copy()
    damaged = corrupted(faces, ROWS, CORRUPTIONS[name], level, seed=3)
    assert (damaged.shape, damaged.dtype) == (faces.shape, np.uint8)
    assert (damaged != faces).any()
    np.testing.assert_array_equal(faces, before)
    np.testing.assert_array_equal(damaged, corrupted(faces, ROWS, CORRUPTIONS[name], level, seed=3))


def test_an_image_is_damaged_alike_in_any_batch_and_no_two_are_damaged_alike(faces: np.ndarray) -> None:
    kind = CORRUPTIONS["noise"]
    both = corrupted(faces, ROWS, kind, 20.0, seed=0)
    np.testing.assert_array_equal(both[1:], corrupted(faces[1:], ROWS[1:], kind, 20.0, seed=0))
    same = np.stack([faces[0], faces[0]])
    first, second = corrupted(same, ROWS, kind, 20.0, seed=0)
    assert not np.array_equal(first, second)


@pytest.mark.parametrize("name", CORRUPTIONS)
def test_further_from_intact_is_further_from_the_image(faces: np.ndarray, name: str) -> None:
    kind = CORRUPTIONS[name]

    def distance(level: float) -> float:
        return float(np.abs(corrupted(faces, ROWS, kind, level, seed=1).astype(float) - faces).mean())

    above = [distance(level) for level in kind.levels if level >= kind.intact]
    below = [distance(level) for level in reversed(kind.levels) if level <= kind.intact]
    for distances in (above, below):
        assert distances == sorted(distances)


def test_a_shift_moves_by_the_share_of_the_side() -> None:
    image = np.zeros((40, 40, 3), np.uint8)
    image[18:22, 18:22] = 255
    moved = shift(image, 0.2, np.random.default_rng(5))
    rows, columns = np.nonzero(moved[..., 0] > 100)
    assert np.hypot(rows.mean() - 19.5, columns.mean() - 19.5) == pytest.approx(8.0, abs=0.5)


def test_a_wider_crop_shows_a_smaller_face() -> None:
    image = np.zeros((40, 40, 3), np.uint8)
    image[10:30, 10:30] = 255
    widths = {level: (scale(image, level, np.random.default_rng(0))[20, :, 0] > 127).sum() for level in (0.8, 2.0)}
    assert widths == {0.8: 26, 2.0: 10} or widths == {0.8: 25, 2.0: 10}


def test_covers_lie_over_eyes_and_mouth(faces: np.ndarray) -> None:
    eyes = corrupted(faces, ROWS, CORRUPTIONS["eyes covered"], 0.2, seed=0)
    mouth = corrupted(faces, ROWS, CORRUPTIONS["mouth covered"], 0.2, seed=0)
    assert (eyes[:, 16:22] == GREY).all()
    assert (mouth[:, 34:40] == GREY).all()
    np.testing.assert_array_equal(eyes[:, 30:], faces[:, 30:])
    np.testing.assert_array_equal(mouth[:, :30], faces[:, :30])
