"""The video: the script's frames rendered, and a table of the true faces in each.

Its pictures are MPEG-4 (part 2), which OpenCV's wheel writes and reads everywhere; it has no encoder for H.264.
"""

from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from emolab.errors import ConfigError
from emolab.files import write_atomically, write_text
from emolab.tables import csv_text
from experiments.demo_faces.actions import move
from experiments.demo_faces.film import FRAMES_PER_SECOND, Appearance, frames, room_view
from experiments.demo_faces.pack import check_seed
from experiments.demo_faces.parallel import in_parallel
from experiments.demo_faces.photograph import develop
from experiments.demo_faces.scene import Portrait
from experiments.demo_faces.studio import portrait_of

VIDEO, TABLE = "video.mp4", "video.csv"
COLUMNS = ("frame", "time_s", "face", "x", "y", "width", "height", "emotion")
SIZE = (640, 360)  # width, height, pixels
SAMPLES = 4  # grain that stays where it is from frame to frame, and is blurred a little
CODEC = "mp4v"
Box = tuple[int, int, int, int]  # x, y, width, height, pixels
FACE_LOW, FACE_HIGH, FACE_SIDE, FACE_FRONT = 6.28, 7.85, 0.66, 0.35  # dm at rest: chin to hairline, ear to ear


def render_video(folder: Path, seed: int) -> None:
    """Render the video and its table into `folder`, on every core.

    Raises:
        ConfigError: if the folder holds the pack of another seed, the renderer isn't installed, or OpenCV can't write
            the video.
    """
    check_seed(folder, seed)
    script = list(frames(seed))
    jobs = [(seed, number, seen) for number, seen in enumerate(script)]
    rendered = list(in_parallel(_render_frame, jobs, "rendering frames"))
    _write_video(folder / VIDEO, [picture for picture, _ in rendered])
    rows = [row for number, seen in enumerate(script) for row in _rows(number, seen, rendered[number][1])]
    write_text(folder / TABLE, csv_text(COLUMNS, rows))


def _rows(number: int, seen: Sequence[Appearance], boxes: Sequence[Box]) -> list[tuple[object, ...]]:
    time = f"{number / FRAMES_PER_SECOND:.3f}"
    faces = enumerate(zip(seen, boxes, strict=True))
    return [(number, time, place, *box, appearance.expression.label) for place, (appearance, box) in faces]


def _render_frame(job: tuple[int, int, list[Appearance]]) -> tuple[np.ndarray, list[Box]]:
    """Return a frame's picture, (H, W, 3) uint8 sRGB, and the boxes (x, y, width, height) of its faces."""
    seed, number, seen = job
    width, height = SIZE
    light = np.zeros((height, width, 4))
    boxes = []
    for appearance in seen:
        portrait = _portrait(seed, appearance.person)
        face = portrait.render(appearance.expression, appearance.view, SIZE, SAMPLES, seed=0)
        face[..., :3] *= portrait.exposure(appearance.view)
        light = face + light * (1.0 - np.clip(face[..., 3:], 0.0, 1.0))
        boxes.append(face_box(portrait, appearance))
    return develop(light, room_view(seed), 1.0, np.random.default_rng([seed, number])), boxes


@lru_cache(maxsize=4)
def _portrait(seed: int, person: int) -> Portrait:
    return portrait_of(seed, person)


def face_box(portrait: Portrait, appearance: Appearance) -> Box:
    """Return the box, in whole pixels, around a face as it appears: chin to hairline, ear to ear."""
    across, up, forward = portrait.head.skin.rest.T
    face = (np.abs(across) < FACE_SIDE) & (up > FACE_LOW) & (up < FACE_HIGH) & (forward > FACE_FRONT)
    vertices = move(portrait.shape, appearance.expression.intensities, portrait.identity.ancestry)
    points = portrait.camera(appearance.view).project((portrait.head.skin.matrix @ vertices)[face], *SIZE)
    left, top = (int(value) for value in np.floor(points.min(axis=0)))
    right, bottom = (int(value) for value in np.ceil(points.max(axis=0)))
    return left, top, right - left, bottom - top


def _write_video(path: Path, pictures: Sequence[np.ndarray]) -> None:
    with write_atomically(path) as temporary:
        writer = cv2.VideoWriter(str(temporary), cv2.VideoWriter.fourcc(*CODEC), FRAMES_PER_SECOND, SIZE)
        if not writer.isOpened():
            raise ConfigError(
                f"OpenCV can't write {CODEC} videos here; its wheel from PyPI can: pip install opencv-python"
            )
        for picture in pictures:
            writer.write(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        writer.release()
