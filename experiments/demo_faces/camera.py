"""Where the camera of a view stands, and where a point of the face lands in its picture."""

from dataclasses import dataclass

import numpy as np

from experiments.demo_faces.view import View


@dataclass(frozen=True)
class Camera:
    """A pinhole camera, decimetres.

    Attributes:
        origin: (3,) where it stands.
        axes: (3, 3) unit rows: its right, its up, and backwards.
        spread: half the picture's shorter side, at a distance of 1.
    """

    origin: np.ndarray
    axes: np.ndarray
    spread: float

    @property
    def target(self) -> np.ndarray:
        """A point (3,) that lies in the picture's middle."""
        return self.origin - self.axes[2]

    @property
    def field_of_view(self) -> float:
        """Of the picture's shorter side, degrees."""
        return float(np.rad2deg(2 * np.arctan(self.spread)))

    def project(self, points: np.ndarray, width: int, height: int) -> np.ndarray:
        """Return the pixels (N, 2) (x to the right, y down) where `points` (N, 3) land."""
        right, up, back = self.axes @ (points - self.origin).T
        scale = min(width, height) / 2 / self.spread / -back
        return np.stack([width / 2 + right * scale, height / 2 - up * scale], axis=1)


def camera_of(view: View, middle: np.ndarray, eye_distance: float) -> Camera:
    """Return the camera that takes `view` of a face.

    Args:
        view: how it's taken.
        middle: the point (3,) of the neutral face that the picture is centred on but for the view's shift.
        eye_distance: between the eyes' middles, decimetres.
    """
    yaw, pitch, roll = np.deg2rad([view.yaw, view.pitch, view.roll])
    back = np.array([np.sin(yaw) * np.cos(pitch), np.sin(pitch), np.cos(yaw) * np.cos(pitch)])
    right = np.array([np.cos(yaw), 0.0, -np.sin(yaw)])
    up = np.cross(back, right)
    target = middle - eye_distance * (view.shift[0] * right + view.shift[1] * up)
    tilted_up = np.cos(roll) * up + np.sin(roll) * right
    axes = np.stack([np.cross(tilted_up, back), tilted_up, back])
    return Camera(target + view.distance * back, axes, view.half_width * eye_distance / view.distance)
