import keras
import numpy as np
import pytest

from emolab.training.muon import Muon


def _stepped(optimizer: keras.Optimizer, shape: tuple[int, ...], steps: int = 1, path: str = "") -> np.ndarray:
    """What a variable of zeros becomes, with the same gradient at every step."""
    variable = keras.Variable(np.zeros(shape, np.float32), name=path or None)
    optimizer.build([variable])
    gradient = np.random.default_rng(0).normal(0, 1, shape).astype(np.float32)
    for _ in range(steps):
        optimizer.apply([keras.ops.convert_to_tensor(gradient)])
    return variable.numpy()


@pytest.mark.parametrize("shape", [(3, 3, 4, 16), (3, 3, 2, 40), (1, 1, 24, 64)])
@pytest.mark.parametrize("number_format", ["float32", "bfloat16"])
def test_a_step_of_a_convolution_goes_equally_far_in_every_direction(
    shape: tuple[int, ...], number_format: str
) -> None:
    step = _stepped(Muon(learning_rate=1.0, weight_decay=None, computes_in=number_format), shape)
    sizes = np.linalg.svd(step.reshape(-1, shape[-1]), compute_uv=False)
    gradient = np.random.default_rng(0).normal(0, 1, shape).reshape(-1, shape[-1])
    before = np.linalg.svd(gradient, compute_uv=False)
    assert sizes.max() / sizes.min() < 2.2  # Newton-Schulz stops at 0.7 to 1.2 of the same size
    assert sizes.max() / sizes.min() < before.max() / before.min()
    assert np.sqrt((step**2).mean()) == pytest.approx(0.2, rel=0.3)  # as AdamW's steps
    assert np.vdot(step.reshape(gradient.shape), gradient) < 0  # downhill


@pytest.mark.parametrize(
    ("shape", "path"), [((24,), ""), ((3, 3, 8, 1), ""), ((6, 5), "logits_kernel"), ((3, 3, 4, 5), "the_logits_kernel")]
)
def test_the_rest_and_what_is_excluded_follow_adamw(shape: tuple[int, ...], path: str) -> None:
    decays = {"weight_decay": 0.1, "adam_weight_decay": 0.1}
    stepped = _stepped(Muon(learning_rate=0.01, exclude_layers=["logits?_"], **decays), shape, 3, path)
    expected = _stepped(keras.optimizers.AdamW(0.01, weight_decay=0.1), shape, 3, path)
    np.testing.assert_allclose(stepped, expected, rtol=1e-4, atol=1e-7)


def test_its_settings_build_it_again() -> None:
    first = Muon(learning_rate=0.01, exclude_layers=["logits"], computes_in="float32")
    again = Muon.from_config(first.get_config())
    assert again.get_config() == first.get_config()
    np.testing.assert_array_equal(_stepped(first, (3, 3, 4, 8)), _stepped(again, (3, 3, 4, 8)))
