"""A face and a view, rendered with Mitsuba on the CPU.

The variant is `scalar_rgb`: it needs no LLVM, and with one thread and a fixed seed it gives the same bytes each time.
"""

from functools import cache
from typing import Any

import numpy as np

from emolab.errors import ConfigError
from experiments.demo_faces.actions import move
from experiments.demo_faces.camera import Camera, camera_of
from experiments.demo_faces.expressions import Expression
from experiments.demo_faces.eyeball import eyeball_colours, place_eyeball, unit_eyeball
from experiments.demo_faces.head import Head, eye_vertices, load_head
from experiments.demo_faces.identity import Identity, shape_of
from experiments.demo_faces.lighting import environment
from experiments.demo_faces.paint import Painted, paint
from experiments.demo_faces.surface import vertex_normals
from experiments.demo_faces.tones import IRIS_COLOURS, linear, luminance, skin_albedo
from experiments.demo_faces.view import View
from experiments.demo_faces.wrinkles import fold_depth

FOLD_DEPTH = 0.018  # dm
FOLD_SHADE = 0.35
MIDDLE_GREY = 0.40  # linear light that a lit cheek of average skin gets
SKIN_CORRECTION = 0.45  # 0: every skin gets the same light; 1: every skin comes out equally bright
PAINTED = {"type": "principled", "base_color": {"type": "mesh_attribute", "name": "vertex_color"}}
SKIN = PAINTED | {"roughness": 0.55, "specular": 0.35}
EYE = PAINTED | {"roughness": 0.12, "specular": 0.5}
TEETH = (0.62, 0.58, 0.50)
TONGUE = (0.35, 0.10, 0.09)
LASHES = (0.02, 0.015, 0.012)
LASH_OPACITY = 0.55
EYE_SCALE = 0.98  # of MakeHuman's, so that thick lids never let the eye through
RENDERED_PARTS = {"upper_teeth": TEETH, "lower_teeth": TEETH, "tongue": TONGUE}


@cache
def renderer() -> Any:
    """Return Mitsuba, set to the scalar variant and one thread.

    Raises:
        ConfigError: if Mitsuba isn't installed.
    """
    try:
        import drjit
        import mitsuba
    except ImportError as error:
        raise ConfigError(
            f"The renderer can't be loaded ({error}). Mend it with: pip install -e '.[render]'"
        ) from error
    mitsuba.set_variant("scalar_rgb")
    drjit.set_thread_count(1)  # each process renders one picture; many threads would add light in any order
    return mitsuba


class Portrait:
    """One identity ready to be photographed: its shape and paint are made once and serve every expression.

    Args:
        identity: who.
    """

    def __init__(self, identity: Identity) -> None:
        self.identity = identity
        self.head: Head = load_head()
        self.shape = shape_of(identity)
        self.painted: Painted = paint(self.head, identity)
        self.eyes = {side: _eye(self.shape, side) for side in "lr"}

    @property
    def eye_distance(self) -> float:
        """The distance between the eyes' middles, decimetres."""
        return float(np.linalg.norm(self.eyes["l"][0] - self.eyes["r"][0]))

    @property
    def middle(self) -> np.ndarray:
        """The point (3,) of the neutral face that a crop is centred on: between eyes and mouth."""
        between = (self.eyes["l"][0] + self.eyes["r"][0]) / 2
        return between + self.eye_distance * np.array([0.0, -0.5, -0.1])

    def render(self, expression: Expression, view: View, size: tuple[int, int], samples: int, seed: int) -> np.ndarray:
        """Return (height, width, 4) float32 linear light, premultiplied by its alpha, for `size` (width, height)."""
        mitsuba = renderer()
        scene = mitsuba.load_dict(self._scene(expression, view, *size))
        return np.array(mitsuba.render(scene, spp=samples, seed=seed))

    def exposure(self, view: View) -> float:
        """Return the factor that brings the skin to the view's brightness; it knows nothing of the expression."""
        skin = luminance(skin_albedo(self.identity.tone, self.identity.warmth))
        return view.exposure * MIDDLE_GREY * (0.3 / skin) ** SKIN_CORRECTION / 0.3

    def _scene(self, expression: Expression, view: View, width: int, height: int) -> dict[str, Any]:
        vertices = move(self.shape, expression.intensities, self.identity.ancestry)
        scene = {"type": "scene", "integrator": {"type": "path", "max_depth": 3, "hide_emitters": True}}
        light = renderer().Bitmap(environment(view))
        scene |= {"sensor": self._sensor(view, width, height), "light": {"type": "envmap", "bitmap": light}}
        scene["skin"] = self._skin(vertices, expression)
        for name, colour in RENDERED_PARTS.items():
            part = self.head.parts[name]
            scene[name] = _mesh(part.matrix @ vertices, part.triangles, _material(colour, 0.3))
        lashes = {"type": "mask", "opacity": LASH_OPACITY, "nested": _material(LASHES, 0.8)}
        for name in ("left_lashes", "right_lashes"):
            part = self.head.parts[name]
            scene[name] = _mesh(part.matrix @ vertices, part.triangles, lashes)
        scene |= {f"eye_{side}": self._eyeball(side, view) for side in "lr"}
        return scene

    def _skin(self, vertices: np.ndarray, expression: Expression) -> Any:
        skin = self.head.skin
        positions = skin.matrix @ vertices
        depth = fold_depth(skin.rest, expression.intensities, self.identity.age)
        normals = vertex_normals(positions, skin.triangles)
        positions = positions + normals * (self.painted.standing - FOLD_DEPTH * depth)[:, None]
        colours = self.painted.colours * (1.0 - FOLD_SHADE * depth)[:, None]
        return _mesh(positions, skin.triangles, SKIN, colours)

    def _eyeball(self, side: str, view: View) -> Any:
        positions = place_eyeball(*self.eyes[side], view.gaze)
        return _mesh(positions, unit_eyeball()[1], EYE, eyeball_colours(linear(IRIS_COLOURS[self.identity.iris])))

    def camera(self, view: View) -> Camera:
        """Return the camera of `view`."""
        return camera_of(view, self.middle, self.eye_distance)

    def _sensor(self, view: View, width: int, height: int) -> dict[str, Any]:
        camera = self.camera(view)
        places = {"origin": camera.origin, "target": camera.target, "up": camera.axes[1]}
        placed = {name: value.tolist() for name, value in places.items()}
        return {
            "type": "perspective",
            "fov": camera.field_of_view,
            "fov_axis": "smaller",
            "to_world": renderer().ScalarTransform4f().look_at(**placed),
            "film": {"type": "hdrfilm", "width": width, "height": height, "pixel_format": "rgba"},
            "sampler": {"type": "multijitter"},
        }


def _eye(shape: np.ndarray, side: str) -> tuple[np.ndarray, float]:
    """Return the eyeball's middle (3,) and radius."""
    points = shape[eye_vertices(side)]
    low, high = points.min(axis=0), points.max(axis=0)
    return (low + high) / 2, float((high - low).mean() / 2) * EYE_SCALE


def _material(colour: tuple[float, ...], roughness: float) -> dict[str, Any]:
    base = {"type": "rgb", "value": list(map(float, colour))}
    return {"type": "twosided", "bsdf": {"type": "principled", "roughness": roughness, "base_color": base}}


def _mesh(
    vertices: np.ndarray, triangles: np.ndarray, material: dict[str, Any], colours: np.ndarray | None = None
) -> Any:
    mitsuba = renderer()
    properties = mitsuba.Properties()
    properties["mesh_bsdf"] = mitsuba.load_dict(material)
    mesh = mitsuba.Mesh("mesh", len(vertices), len(triangles), has_vertex_normals=True, props=properties)
    if colours is not None:
        mesh.add_attribute("vertex_color", 3, colours.astype(np.float32).ravel())
    values = mitsuba.traverse(mesh)
    values["vertex_positions"] = vertices.astype(np.float32).ravel()
    values["vertex_normals"] = vertex_normals(vertices, triangles).astype(np.float32).ravel()
    values["faces"] = triangles.astype(np.uint32).ravel()
    values.update()
    return mesh
