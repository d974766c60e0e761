"""Frames and faces as the page sends and gets them."""

import json
from collections.abc import Sequence
from typing import Any

import cv2
import numpy as np

from emolab.data.image import JPEG, Limits, UnusableImageError, read_image
from realtime.detectors.shrink import shrunk
from realtime.frame import Face

NUMBER_BYTES = 4  # big-endian, before a frame's JPEG
QUALITY = 80  # of 100; artefacts stay below what a face's expression needs
LONGEST_SHOWN = 1280  # pixels


class BadFrameError(Exception):
    """What arrived is no frame that we take; the connection that sent it is closed."""


def read_frame(message: bytes, limits: Limits) -> tuple[int, np.ndarray]:
    """Return the number and the picture (uint8 BGR (H, W, 3)) of a message.

    Args:
        message: the frame's number, then its JPEG.
        limits: pixels and bytes; the size is read from the header before anything is decoded.

    Raises:
        BadFrameError: if it is anything else.
    """
    picture = message[NUMBER_BYTES:]
    if not picture.startswith(JPEG):
        raise BadFrameError("expected a frame's number and its JPEG")
    try:
        image = read_image(picture, limits)
    except UnusableImageError as error:
        raise BadFrameError(str(error)) from error
    return int.from_bytes(message[:NUMBER_BYTES], "big"), np.ascontiguousarray(image[:, :, ::-1])


def faces_as_json(faces: Sequence[Face], width: int, height: int) -> list[dict[str, Any]]:
    """Return the faces with boxes as shares of the picture's sides, so that any size of picture fits."""
    return [
        {
            "id": face.id,
            "box": [
                round(value / side, 5) for value, side in zip(face.box, (width, height, width, height), strict=True)
            ],
            "label": face.label,
            "confidence": round(face.confidence, 4),
            "probabilities": [round(float(value), 4) for value in face.probabilities],
        }
        for face in faces
    ]


def as_jpeg(image: np.ndarray) -> bytes:
    """Return the JPEG of a picture, uint8 BGR (H, W, 3), that the page shows: within `LONGEST_SHOWN` pixels."""
    small, _ = shrunk(image, LONGEST_SHOWN)
    return cv2.imencode(".jpg", small, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])[1].tobytes()


def with_picture(facts: dict[str, Any], jpeg: bytes) -> bytes:
    """Return one message: the length of the facts' JSON (4 bytes, big-endian), the JSON, the JPEG (empty: none)."""
    text = json.dumps(facts).encode()
    return len(text).to_bytes(NUMBER_BYTES, "big") + text + jpeg
