"""Engines that an earlier export of the same run built and judged."""

from collections.abc import Collection

from emolab.engines import manifest
from emolab.engines.build import Builder
from emolab.engines.gates import was_judged
from emolab.engines.schema import JudgedEngine
from emolab.engines.selection import engines_of


def earlier_engines(builder: Builder, others: Collection[tuple[str, str]]) -> dict[tuple[str, str], JudgedEngine]:
    """Return the facts of each engine of the run that isn't among `others`, and whose judgement still holds.

    That is: of the weights, data, settings and packages of now, on this machine. One that couldn't be loaded, judged or
    timed since is left out. How long it took is no judgement: another day the machine was busier.

    Args:
        builder: of the run's engines.
        others: engines and precisions.
    """
    return {
        (facts.engine, facts.precision): facts
        for facts in engines_of(builder.record)
        if (facts.engine, facts.precision) not in others
        and was_judged(facts)
        and facts.hardware == manifest.this_hardware()
        and builder.is_current(facts)
    }
