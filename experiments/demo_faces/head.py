"""The head cut out of MakeHuman's mesh, refined once, with the masks that painting needs.

Paint, hair and wrinkles refer to the *rest* position of each vertex: its place on the base mesh, before any identity
or expression. There the eyes are at (+-0.31, 7.285), the nose's tip at (0, 6.93), the mouth at (0, 6.70) and the chin
at (0, 6.3), so that "a brow" is the same function for everyone and moves with the skin.
"""

from dataclasses import dataclass
from functools import cache

import numpy as np
from PIL import Image
from scipy import sparse

from experiments.demo_faces.assets import BaseMesh, load_base_mesh, mask_path
from experiments.demo_faces.surface import subdivide, triangles_of

LOWEST = 5.0  # dm: below the collar; what lies lower is never in the picture
MASK_SIZE = 2048  # MakeHuman's own


@dataclass(frozen=True)
class Surface:
    """A piece of the mesh, refined: `matrix @ vertices` gives its positions for any (V, 3) of the base's vertices.

    Attributes:
        matrix: (N, V) sparse, rows sum to 1.
        triangles: (M, 3) int64 into the N vertices.
        rest: (N, 3) float64, positions on the base mesh.
    """

    matrix: sparse.csr_matrix
    triangles: np.ndarray
    rest: np.ndarray


@dataclass(frozen=True)
class Head:
    """The skin of the head, where its lips and mouth are ((N,) in 0 to 1), and the parts inside it."""

    skin: Surface
    lips: np.ndarray
    mouth: np.ndarray
    parts: dict[str, Surface]


PARTS = {
    "upper_teeth": "helper-upper-teeth",
    "lower_teeth": "helper-lower-teeth",
    "tongue": "helper-tongue",
    "left_lashes": "helper-l-eyelashes-2",  # the upper lid's; the lower lid's read as make-up at this size
    "right_lashes": "helper-r-eyelashes-2",
}


@cache
def load_head() -> Head:
    """Return the head, refined once, which puts a vertex about every pixel of a 96-pixel face."""
    mesh = load_base_mesh()
    body = (mesh.groups == "body") & (mesh.vertices[mesh.quads].mean(axis=1)[:, 1] > LOWEST)
    skin = _surface(mesh, mesh.quads[body])
    lips, mouth = (skin.matrix @ _mask(mesh, body, name) for name in ("lips", "inside-mouth"))
    parts = {name: _surface(mesh, mesh.quads[mesh.groups == group]) for name, group in PARTS.items()}
    return Head(skin, lips, mouth, parts)


@cache
def eye_vertices(side: str) -> np.ndarray:
    """Return the base's vertices of the eyeball at `side` ("l" or "r", the person's own)."""
    mesh = load_base_mesh()
    return np.unique(mesh.quads[mesh.groups == f"helper-{side}-eye"])


def _surface(mesh: BaseMesh, quads: np.ndarray) -> Surface:
    finer, quads = subdivide(quads, len(mesh.vertices))
    matrix = finer @ sparse.eye_array(len(mesh.vertices), format="csr")  # sums in the order that the pack was made with
    used, corners = np.unique(quads, return_inverse=True)
    matrix = matrix[used]
    return Surface(matrix, triangles_of(corners.reshape(quads.shape)), matrix @ mesh.vertices)


def _mask(mesh: BaseMesh, chosen: np.ndarray, name: str) -> np.ndarray:
    """Return (V,) how much each of the base's vertices belongs to the part of the skin called `name`."""
    picture = Image.open(mask_path(name)).convert("L").resize((MASK_SIZE, MASK_SIZE))
    grey = np.asarray(picture, dtype=float) / 255.0
    column, row = (mesh.texture * (MASK_SIZE - 1)).round().astype(int).clip(0, MASK_SIZE - 1).T
    values = grey[MASK_SIZE - 1 - row, column]
    mask = np.zeros(len(mesh.vertices))
    np.maximum.at(mask, mesh.quads[chosen].ravel(), values[mesh.texture_quads[chosen].ravel()])
    return mask
