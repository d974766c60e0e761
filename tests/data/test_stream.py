import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from emolab.data.stream import Stream, epoch_order

SIZES = st.tuples(st.integers(1, 300), st.integers(1, 70), st.integers(0, 2**32))


@given(SIZES, st.integers(0, 10_000))
def test_any_step_can_be_asked_for_alone_and_is_the_same(sizes, step):
    stream = Stream(*sizes)
    found = stream.positions(step)
    epoch_order.cache_clear()
    assert np.array_equal(Stream(*sizes).positions(step), found)
    assert found.shape == (min(sizes[0], sizes[1]),)


@settings(deadline=None)
@given(SIZES, st.integers(0, 5), st.randoms(use_true_random=False))
def test_an_epoch_asked_for_in_any_order_sees_no_image_twice(sizes, epoch, random):
    stream = Stream(*sizes)
    steps = list(range(epoch * stream.steps_per_epoch, (epoch + 1) * stream.steps_per_epoch))
    in_order = [stream.positions(step) for step in steps]
    shuffled = {step: stream.positions(step) for step in random.sample(steps, len(steps))}
    assert all(np.array_equal(shuffled[step], found) for step, found in zip(steps, in_order, strict=True))
    seen = np.concatenate(in_order)
    assert len(np.unique(seen)) == len(seen) == stream.steps_per_epoch * stream.batch_size
    assert len(seen) > sizes[0] - stream.batch_size
    assert (0 <= seen.min()) & (seen.max() < sizes[0])


def test_epochs_and_seeds_differ():
    orders = [tuple(Stream(100, 100, seed).positions(step)) for seed in (0, 1) for step in (0, 1)]
    assert len(set(orders)) == 4


def test_the_order_is_pinned():
    """A run of an earlier version must resume to the same batches."""
    assert Stream(10, 4, seed=3).positions(5).tolist() == [6, 0, 2, 9]


def test_the_order_cant_be_changed_from_outside():
    with pytest.raises(ValueError, match="read-only"):
        Stream(10, 4, 0).positions(0)[0] = 1


@pytest.mark.parametrize(("count", "batch_size"), [(0, 4), (4, 0), (-1, 4)])
def test_nothing_to_stream_is_refused(count, batch_size):
    with pytest.raises(ValueError, match="at least one image"):
        Stream(count, batch_size, 0)
