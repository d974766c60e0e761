"""Which face of this frame is which of the frames before."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from realtime.boxes import FaceBox, overlap


@dataclass
class Track:
    """A face that was seen.

    Attributes:
        id: from 1, never given twice.
        box: where it was last seen.
        seen: time of that, in seconds.
        probabilities: smoothed float32 (C,); None until it was classified.
        smoothed: time of the last smoothing, in seconds.
        shown: the class that is shown, `smoothing.UNCERTAIN`, or None before the first decision.
    """

    id: int
    box: FaceBox
    seen: float
    probabilities: np.ndarray | None = None
    smoothed: float = 0.0
    shown: int | None = None


class Tracker:
    """Gives boxes the identity of the track that they overlap most.

    Args:
        overlap_needed: intersection over union, 0 to 1, from which a box may be the track's.
        forget_after: seconds a face may be hidden and keep its identity.
    """

    def __init__(self, overlap_needed: float = 0.2, forget_after: float = 1.0) -> None:
        self._overlap_needed = overlap_needed
        self._forget_after = forget_after
        self._tracks: list[Track] = []
        self._given = 0

    def update(self, boxes: Sequence[FaceBox], at: float) -> list[Track]:
        """Return the track of each box, in the order of the boxes.

        Args:
            boxes: of this frame.
            at: time of the frame in seconds; a time before the last one (a video that begins again) forgets all.
        """
        self._tracks = [track for track in self._tracks if 0 <= at - track.seen <= self._forget_after]
        matched = self._matched(boxes)
        found = [matched.get(number) or self._new(box, at) for number, box in enumerate(boxes)]
        for track, box in zip(found, boxes, strict=True):
            track.box, track.seen = box, at
        return found

    def forget(self) -> None:
        """Take every face that comes now for a new one."""
        self._tracks = []

    def _matched(self, boxes: Sequence[FaceBox]) -> dict[int, Track]:
        """Box number -> track, the greatest overlaps first."""
        pairs = [
            (overlap(track.box, box), number, place)
            for number, box in enumerate(boxes)
            for place, track in enumerate(self._tracks)
        ]
        matched: dict[int, int] = {}
        for value, number, place in sorted(pairs, key=lambda pair: (-pair[0], pair[1], pair[2])):
            if value >= self._overlap_needed and number not in matched and place not in matched.values():
                matched[number] = place
        return {number: self._tracks[place] for number, place in matched.items()}

    def _new(self, box: FaceBox, at: float) -> Track:
        self._given += 1
        track = Track(self._given, box, at)
        self._tracks.append(track)
        return track
