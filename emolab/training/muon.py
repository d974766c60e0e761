"""Muon (Jordan et al. 2024) for convolutions: Keras's own serves dense layers alone."""

import re
from typing import Any

import keras
from keras import ops


class Muon(keras.optimizers.Muon):
    """Keras's Muon, that takes a convolution's kernel (H, W, in, out) as the matrix (H * W * in, out).

    Momentum is made orthogonal before it becomes a step, so that every direction of a layer learns at the same pace.
    What isn't a matrix, such as a bias or a depthwise kernel of one filter a channel, and layers that match
    `exclude_layers`, such as the head, follow AdamW with the same learning rate.

    Args:
        computes_in: number format of the orthogonalisation; bfloat16, as the authors have it, is about twice as fast as
            float32 where the processor computes in it.
        **parts: of `keras.optimizers.Muon`.
    """

    def __init__(self, computes_in: str = "bfloat16", **parts: Any) -> None:
        super().__init__(**parts)
        self.computes_in = computes_in

    def _should_use_adamw(self, variable: keras.Variable) -> bool:
        if len(variable.shape) != 4 or variable.shape[-1] == 1:
            return super()._should_use_adamw(variable)
        return any(re.search(name, variable.path) for name in self.exclude_layers)

    def zeropower_via_newtonschulz5(self, x: keras.KerasTensor, steps: int) -> keras.KerasTensor:
        """Return the nearest (semi-)orthogonal matrix, roughly, in the shape of x."""
        matrix = ops.reshape(ops.cast(x, self.computes_in), (-1, x.shape[-1]))
        return ops.reshape(ops.cast(super().zeropower_via_newtonschulz5(matrix, steps), x.dtype), x.shape)

    def lr_adjust(self, x: keras.KerasTensor) -> keras.KerasTensor:
        """Return the step, scaled so that its mean square is that of an AdamW step (Liu et al. 2025)."""
        return ops.reshape(super().lr_adjust(ops.reshape(x, (-1, x.shape[-1]))), x.shape)

    def get_config(self) -> dict[str, Any]:
        """Return what builds it again."""
        return {**super().get_config(), "computes_in": self.computes_in}
