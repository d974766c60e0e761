"""Randomness as a pure function of (seed, step): nothing of it needs to be saved, and any step can be resumed.

Keras's random layers draw from `SeedGenerator`s. Before each step we set the state of every one of them to a
value computed from (seed, number of the generator, step, replica), so dropout and augmentation of a step are
the same whether the run came there in one go or was resumed.
"""

from collections.abc import Iterable, Iterator

import keras
import tensorflow as tf


def seed_generators(layers: Iterable[keras.layers.Layer]) -> list[keras.random.SeedGenerator]:
    """Return the seed generators of `layers` and of the layers within them, in a fixed order, each once."""
    found: list[keras.random.SeedGenerator] = []
    for layer in layers:
        for sublayer in layer._flatten_layers():
            for generator in _generators_of(sublayer):
                if not any(generator is other for other in found):
                    found.append(generator)
    return found


def _generators_of(layer: keras.layers.Layer) -> Iterator[keras.random.SeedGenerator]:
    for _, value in sorted(vars(layer).items(), key=lambda item: item[0]):
        if isinstance(value, keras.random.SeedGenerator):
            yield value


def set_seeds(generators: Iterable[keras.random.SeedGenerator], seed: int, step: tf.Tensor) -> None:
    """Set the state of each generator for this step (int64 scalar); works inside a graph and on replicas."""
    context = tf.distribute.get_replica_context()
    replica = 0 if context is None else context.replica_id_in_sync_group
    lane = tf.cast(replica, tf.int64) * 1_000_003
    for number, generator in enumerate(generators):
        key = tf.stack([tf.constant(seed * 1_009 + number, tf.int64) + lane, tf.cast(step, tf.int64)])
        state = tf.random.stateless_uniform([2], key, minval=0, maxval=2**31 - 1, dtype=tf.int32)
        generator.state.assign(tf.cast(state, generator.state.dtype))
