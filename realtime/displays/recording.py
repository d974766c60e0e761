"""An annotated video and a table of its faces, in files that are whole or aren't there."""

import csv
import os
import time
from collections.abc import Callable, Sequence
from itertools import chain, count, pairwise
from pathlib import Path
from statistics import median
from typing import TextIO

import cv2
import numpy as np

from emolab.files import make_folder, unfinished
from realtime.displays.display import DisplayError, View
from realtime.frame import Face
from realtime.overlay import Look, draw_faces, draw_lines
from realtime.sources.source import USUAL_RATE, Frame

CODECS = {".mp4": "mp4v", ".avi": "MJPG", ".mkv": "MJPG"}
COLUMNS = ("time_s", "frame", "video_frame", "file", "face", "left", "top", "width", "height", "label", "confidence")
FINEST_RATE = 65.0  # frames a second: MPEG-4 counts 65,535 ticks in one, and OpenCV may want thousandths of a frame
PHOTOGRAPHS = (1920, 1080)  # pixels that a video of them has at least: the first may be the smallest
LARGEST_SIDES = {".mp4": 8190}  # pixels
MOST_REPEATED = 10  # seconds that a gap in a live source is shown; of a longer one the rest is left out
TRIED = 3  # pictures that are written to see how long one takes
SHARE = 0.5  # of the time that writing may take in real time: what comes meanwhile is missed, and would be written, too


class Recording:
    """Writes `<path>` and, beside it, `<path without ending>.csv`.

    The video keeps time: at a fixed rate (the source's, or 30 frames a second) a frame is left out, or repeated until
    the next one comes, as its time demands; gaps of more than 10 seconds are shortened. In real time the rate is no
    higher than can be written in half of the time, and what a busy machine can't repeat at once is repeated later.
    Pictures of another size than the first are fitted into that one, which an `.mp4` shrinks where a side has more than
    8190 pixels; a video of photographs has at least 1920x1080.

    The table's `time_s` and `frame` are the source's; `video_frame` counts from 0 in the recorded video and is empty
    for a picture that was left out of it; `file` is the photograph, empty for a video or a camera. Where one of the two
    files is there already, both get a number: none is written over.

    Args:
        path: of the video; its ending decides the format.
        clock: gives seconds that never go back, for how long writing takes.

    Raises:
        DisplayError: if the ending is unknown, or the file can't be written.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.perf_counter) -> None:
        check_ending(path)
        self.path = path
        self._clock = clock
        self._rate = USUAL_RATE
        self._video_part, self._table_part = _part(path), _part(path.with_suffix(".csv"))
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)  # pixels that it has, once a picture was written
        self._began = 0.0
        self._at = 0.0  # of the last picture
        self._written = 0
        self._pictures = 0
        self._last: np.ndarray | None = None
        self._table: TextIO = self._table_part.open("w", encoding="utf-8", newline="")
        self._rows = csv.writer(self._table, lineterminator="\n")
        self._cut: str | None = None  # why the table breaks off

    def add(self, view: View) -> None:
        """Write the view's frame, never mirrored, and its faces.

        Raises:
            DisplayError: if the disk is full or the format can't be written.
        """
        if view.frame is None:
            return
        picture = draw_faces(view.frame.image, view.faces, view.classes, Look(bars=True))
        draw_lines(picture, [], view.problem)
        if self._writer is None:
            self._begin(view, view.frame, picture)
        due = round((view.frame.at - self._began) * self._rate) + 1
        if due < self._written:  # the source began again
            self._began = view.frame.at - self._written / self._rate
            due = self._written + 1
        missed = max(0, min(due - self._written - 1, round(MOST_REPEATED * self._rate)))
        owed = missed - self._repeat(missed, SHARE * (view.frame.at - self._at) if view.real_time else None)
        number = None  # within our video
        if due > self._written:
            number = self._pictures
            self._write(picture)
        self._written, self._last, self._at = due - owed, picture, view.frame.at
        try:
            self._rows.writerows(_row(view, face, number) for face in view.faces)
        except OSError as error:  # what was to be written is forgotten: closing the file wouldn't fail again
            self._cut = error.strerror
            raise DisplayError(f"{self.path.with_suffix('.csv')} can't be written: {error.strerror}") from error

    def close(self, complete: bool = True) -> Path | None:
        """Finish the files; return the video's path, or None if there is none, because nothing was written.

        Args:
            complete: False after an error: what was seen can't be seen again, so it's kept, as `<name>-incomplete`.

        Raises:
            DisplayError: if a file can't be finished (the disk is full); the message says which one is kept. Of a table
                those are the rows that are whole.
        """
        try:
            lost, problems = self._end()
            if not self._pictures:
                return None
            wanted = self.path if complete else self.path.with_stem(f"{self.path.stem}-incomplete")
            video = free_path(wanted, ".csv")
            kept = [(self._video_part, video), (self._table_part, video.with_suffix(".csv"))]
            for part, path in kept:
                path.unlink() if part in lost else os.replace(part, path)
        except OSError as error:
            raise DisplayError(f"{self.path} can't be finished: {error.strerror}") from error
        finally:
            for part in (self._video_part, self._table_part):
                part.unlink(missing_ok=True)
        if problems:
            left = ", ".join(str(path) for part, path in kept if part not in lost)
            raise DisplayError(f"{' and '.join(problems)}. Kept: {left or 'nothing'}")
        return video

    def _end(self) -> tuple[list[Path], list[str]]:
        """Close both files; return the parts of which nothing is of use, and what is wrong with any."""
        lost, problems = [], []
        if self._writer is not None:
            self._writer.release()
            found = frame_count(self._video_part)  # neither writing nor releasing says that the disk is full
            if found < max(1, self._pictures - 1):  # where a format holds no number, it's reckoned from the time
                counted = f"{found} of its {self._pictures} pictures came into the file"
                lost.append(self._video_part)
                problems.append(f"the video {self.path} is lost: {counted}. Is the disk full?")
        try:
            self._table.close()
        except OSError as error:
            self._cut = error.strerror
        if self._cut is not None:
            rows = _leave_whole_rows(self._table_part)
            lost += [] if rows else [self._table_part]
            problems.append(f"{self.path.with_suffix('.csv')} breaks off after {rows} rows: {self._cut}")
        return lost, problems

    def _begin(self, view: View, frame: Frame, picture: np.ndarray) -> None:
        ending = self.path.suffix.lower()
        least = PHOTOGRAPHS if frame.file else (0, 0)
        width, height = map(max, least, (picture.shape[1], picture.shape[0]))
        self._size = writable_size(width, height, LARGEST_SIDES.get(ending))
        self._began = self._at = frame.at
        self._rate = writable_rate(view.source_rate or USUAL_RATE)
        if view.real_time:
            self._rate = min(self._rate, self._highest_rate(picture))
        self._writer = self._opened()
        self._rows.writerow([*COLUMNS, *view.classes])

    def _highest_rate(self, picture: np.ndarray) -> float:
        """Frames a second, whole ones, that can be written beside everything else; what is tried is written over."""
        writer, times = self._opened(), [self._clock()]
        for _ in range(TRIED):
            writer.write(fitted(picture, self._size))
            times.append(self._clock())
        writer.release()
        taken = median(after - before for before, after in pairwise(times))
        return max(1.0, SHARE // max(taken, 1e-3))

    def _opened(self) -> cv2.VideoWriter:
        codec = cv2.VideoWriter.fourcc(*CODECS[self.path.suffix.lower()])
        writer = cv2.VideoWriter(str(self._video_part), codec, self._rate, self._size)
        if not writer.isOpened():
            raise DisplayError(f"display.path={self.path}: OpenCV can't write it; try another ending")
        return writer

    def _repeat(self, times: int, seconds: float | None) -> int:
        """Write the last picture again, until `seconds` have passed (None: however long); return how often."""
        began = self._clock()
        for done in range(times):
            if self._last is None or (seconds is not None and self._clock() - began >= seconds):
                return done
            self._write(self._last)
        return times

    def _write(self, picture: np.ndarray) -> None:
        if self._writer is not None:
            self._writer.write(fitted(picture, self._size))
            self._pictures += 1


def check_ending(path: Path) -> None:
    """Refuse a video's name whose ending says no format.

    Raises:
        DisplayError: naming the right endings.
    """
    if path.suffix.lower() not in CODECS:
        raise DisplayError(f"display.path={path}: expected a name that ends in {', '.join(CODECS)}")


def writable_rate(rate: float) -> float:
    """Return the rate that every format can hold: that of slow motion, such as 239.934, in four digits."""
    return rate if rate <= FINEST_RATE else float(f"{rate:.4g}")


def writable_size(width: int, height: int, largest: int | None) -> tuple[int, int]:
    """Return the size of a video of such pictures: even, as codecs want it, from 2 pixels to `largest` (None: any)."""
    factor = 1.0 if largest is None else min(1.0, largest / max(width, height))
    return max(2, int(width * factor) // 2 * 2), max(2, int(height * factor) // 2 * 2)


def frame_count(path: Path) -> int:
    """Return how many frames a video says that it has; 0 where it can't be opened or says nothing that makes sense."""
    capture = cv2.VideoCapture(str(path))
    found = capture.get(cv2.CAP_PROP_FRAME_COUNT) if capture.isOpened() else 0.0
    capture.release()
    return max(0, int(found))


def free_path(path: Path, *endings: str) -> Path:
    """Return `path`, or the first `<name>-2`, `-3` ... that wasn't there, nor the same name with one of the `endings`.

    All of them are there now, empty, so that nobody else takes the name.

    Raises:
        OSError: if they can't be made.
    """
    numbered = (path.with_stem(f"{path.stem}-{number}") for number in count(2))
    return next(one for one in chain([path], numbered) if _reserve([one, *map(one.with_suffix, endings)]))


def _reserve(paths: Sequence[Path]) -> bool:
    made = []
    try:
        for path in paths:
            path.open("x").close()
            made.append(path)
    except OSError as error:
        for path in made:
            path.unlink()
        if isinstance(error, FileExistsError):
            return False
        raise
    return True


def fitted(picture: np.ndarray, size: tuple[int, int]) -> np.ndarray:
    """Return the picture within `size` (width, height) pixels, its shape kept, black around it."""
    width, height = size
    if picture.shape[1] == width and picture.shape[0] == height:
        return picture
    factor = min(width / picture.shape[1], height / picture.shape[0])
    inner = (max(1, int(picture.shape[1] * factor)), max(1, int(picture.shape[0] * factor)))
    canvas = np.zeros((height, width, 3), np.uint8)
    left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
    canvas[top : top + inner[1], left : left + inner[0]] = cv2.resize(picture, inner)
    return canvas


def _row(view: View, face: Face, video_frame: int | None) -> list[str]:
    _, at, number, file = view.frame if view.frame is not None else (None, 0.0, 0, "")
    box = (f"{value:.1f}" for value in face.box)
    numbers = (f"{value:.4f}" for value in face.probabilities)
    when = [f"{at:.3f}", str(number), "" if video_frame is None else str(video_frame), file]
    return [*when, str(face.id), *box, face.label or "", f"{face.confidence:.4f}", *numbers]


def _leave_whole_rows(table: Path) -> int:
    """Cut off a last row that isn't whole; return how many are left below the names of the columns."""
    content = table.read_bytes()
    os.truncate(table, content.rfind(b"\n") + 1)
    return max(0, content.count(b"\n") - 1)


def _part(path: Path) -> Path:
    try:
        make_folder(path.parent)
        return unfinished(path)
    except OSError as error:
        raise DisplayError(f"display.path={path} can't be written: {error.strerror}") from error
