"""Through which other runs one knows images: those that gave it first weights or taught it, and theirs."""

from collections.abc import Iterable

from emolab.runs.record import RunRecord
from emolab.runs.schema import Ancestor


def with_parents(known: Iterable[Ancestor], parents: Iterable[RunRecord]) -> list[Ancestor]:
    """Return the ancestors that are known, then the parents and the ancestors of each, every run once."""
    found = {one.run: one for one in known}
    for parent in parents:
        own = Ancestor(run=parent.id, data=parent.facts.data)
        found |= {one.run: one for one in (own, *parent.facts.ancestors) if one.run not in found}
    return list(found.values())
