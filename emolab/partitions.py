"""Which things belong together, where that has been told pair by pair, or by several partitions of them."""

from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components


def components(count: int, links: np.ndarray) -> np.ndarray:
    """Return the number of the component of each of `count` nodes: (count,), joined by links (M, 2)."""
    graph = coo_matrix((np.ones(len(links), bool), tuple(links.T)), shape=(count, count))
    return connected_components(graph, directed=False)[1]


def joined(partitions: Sequence[np.ndarray]) -> np.ndarray:
    """Return the finest partition in which all stay together that are together in one of these: (N,).

    Args:
        partitions: the number of each thing's part, whole numbers (N,) each.
    """
    rows = np.arange(len(partitions[0]))
    links = []
    for partition in partitions:
        _, first, part = np.unique(partition, return_index=True, return_inverse=True)
        links.append(np.stack([first[part], rows], axis=1))  # each thing to the first of its part
    return components(len(rows), np.concatenate(links))
