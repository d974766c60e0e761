"""Catmull-Clark subdivision as a sparse matrix, and normals.

Catmull and Clark, "Recursively generated B-spline surfaces on arbitrary topological meshes" (1978). The finer vertices
are a linear function of the coarse ones, so that the matrix is built once and serves every identity and expression.
"""

import numpy as np
from scipy import sparse


def subdivide(quads: np.ndarray, vertex_count: int) -> tuple[sparse.csr_matrix, np.ndarray]:
    """Return the matrix from coarse to fine vertices, and the fine quads.

    Args:
        quads: (F, 4) int64 corner indices; a vertex that no quad uses is dropped from the smoothing and stays put.
        vertex_count: V, the number of coarse vertices.

    Returns:
        (V + E + F, V) sparse matrix whose rows sum to 1, ordered as vertices, edges, faces; and (4 F, 4) int64 quads.
    """
    edges, edge_of_side, sides = _edges(quads)
    face_points = _average(quads, vertex_count)
    boundary = sides == 1
    edge_points = _edge_points(edges, edge_of_side, boundary, face_points, vertex_count)
    vertex_points = _vertex_points(quads, edges, boundary, face_points, vertex_count)
    matrix = sparse.vstack([vertex_points, edge_points, face_points]).tocsr()
    return matrix, _fine_quads(quads, edge_of_side, vertex_count, len(edges))


def _edges(quads: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the edges (E, 2), the edge of each quad's side (F, 4), and how many quads share each edge (E,)."""
    pairs = np.sort(np.stack([quads, np.roll(quads, -1, axis=1)], axis=-1).reshape(-1, 2), axis=1)
    edges, inverse, counts = np.unique(pairs, axis=0, return_inverse=True, return_counts=True)
    return edges, inverse.reshape(-1, 4), counts


def _average(groups: np.ndarray, width: int) -> sparse.csr_matrix:
    """Return the (rows, width) matrix that averages the indices in each row of `groups`."""
    rows = np.repeat(np.arange(len(groups)), groups.shape[1])
    values = np.full(groups.size, 1.0 / groups.shape[1])
    return sparse.csr_matrix((values, (rows, groups.ravel())), shape=(len(groups), width))


def _incidence(rows: np.ndarray, columns: np.ndarray, shape: tuple[int, int]) -> sparse.csr_matrix:
    """Return the matrix of `shape` that averages `columns` in each of `rows`; an unused row stays empty."""
    counts = np.bincount(rows, minlength=shape[0])
    return sparse.csr_matrix((1.0 / counts[rows], (rows, columns)), shape=shape)


def _edge_points(
    edges: np.ndarray, edge_of_side: np.ndarray, boundary: np.ndarray, face_points: sparse.csr_matrix, width: int
) -> sparse.csr_matrix:
    middle = _average(edges, width)
    face_of_side = np.repeat(np.arange(len(edge_of_side)), 4)
    faces = _incidence(edge_of_side.ravel(), face_of_side, (len(edges), len(edge_of_side))) @ face_points
    share = sparse.diags_array(np.where(boundary, 0.0, 0.5))
    return (middle - share @ middle + share @ faces).tocsr()


def _vertex_points(
    quads: np.ndarray, edges: np.ndarray, boundary: np.ndarray, face_points: sparse.csr_matrix, width: int
) -> sparse.csr_matrix:
    """Move a vertex to (F + 2 R + (n - 3) P) / n; on a boundary to 3/4 of itself and 1/4 of its boundary neighbours."""
    corners = quads.ravel()
    faces = _incidence(corners, np.repeat(np.arange(len(quads)), 4), (width, len(quads))) @ face_points
    middles = _neighbours(edges, width) @ _average(edges, width)
    valence = np.maximum(np.bincount(corners, minlength=width), 1).astype(float)
    identity = sparse.eye_array(width, format="csr")
    used = np.bincount(corners, minlength=width) > 0
    rim = np.zeros(width, dtype=bool)
    rim[edges[boundary].ravel()] = True
    inside = used & ~rim
    smooth = _scale(1 / valence, faces) + _scale(2 / valence, middles) + _scale((valence - 3) / valence, identity)
    along = _neighbours(edges[boundary], width) @ _average(edges[boundary], width)
    edge_rule = 0.5 * identity + 0.5 * along  # a middle holds half of the vertex itself: 1/2 + 1/4 = 3/4
    return (_scale(inside, smooth) + _scale(rim, edge_rule) + _scale(~used, identity)).tocsr()


def _neighbours(edges: np.ndarray, width: int) -> sparse.csr_matrix:
    rows = edges.ravel()
    return _incidence(rows, np.repeat(np.arange(len(edges)), 2), (width, len(edges)))


def _scale(factors: np.ndarray, matrix: sparse.csr_matrix) -> sparse.csr_matrix:
    return sparse.diags_array(np.asarray(factors, dtype=float)) @ matrix


def _fine_quads(quads: np.ndarray, edge_of_side: np.ndarray, vertex_count: int, edge_count: int) -> np.ndarray:
    edge = vertex_count + edge_of_side
    centre = np.broadcast_to((vertex_count + edge_count + np.arange(len(quads)))[:, None], quads.shape)
    return np.stack([quads, edge, centre, np.roll(edge, 1, axis=1)], axis=-1).reshape(-1, 4)


def triangles_of(quads: np.ndarray) -> np.ndarray:
    """Split each quad (F, 4) into two triangles: (2 F, 3)."""
    return quads[:, [0, 1, 2, 0, 2, 3]].reshape(-1, 3)


def vertex_normals(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    """Return unit normals (V, 3), weighted by the triangles' areas; zero where no triangle touches."""
    first, second, third = (vertices[triangles[:, corner]] for corner in range(3))
    faces = np.cross(second - first, third - first)
    normals = np.stack([_sum_at(triangles, faces[:, axis], len(vertices)) for axis in range(3)], axis=1)
    lengths = np.linalg.norm(normals, axis=1, keepdims=True)
    return normals / np.maximum(lengths, 1e-12)


def _sum_at(triangles: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    return np.bincount(triangles.ravel(), weights=np.repeat(values, 3), minlength=count)
