"""Grad-CAM (Selvaraju et al. 2017): which part of a face spoke for a class."""

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import keras

SMALLEST = 5  # side of a feature map below which it shows no place: VGG19's last one has 1 at 48 pixels


def grad_cam(network: "keras.Model", images: np.ndarray, class_numbers: np.ndarray) -> np.ndarray:
    """Return heat maps float32 (N, H, W), 0 to 1, of what speaks for the classes `class_numbers`.

    They're taken at the deepest layer whose feature map still shows places.

    Args:
        network: uint8-range RGB (N, H, W, 3) -> logits (N, C).
        images: uint8 (N, H, W, 3).
        class_numbers: int (N,).
    """
    import cv2
    import keras
    import tensorflow as tf

    seen = keras.Model(network.inputs[0], [_deepest(network).output, network.output])
    with tf.GradientTape() as tape:
        maps, logits = seen(images.astype(np.float32), training=False)
        scores = tf.gather(logits, class_numbers, batch_dims=1)
    weights = tf.reduce_mean(tf.cast(tape.gradient(scores, maps), tf.float32), axis=(1, 2), keepdims=True)
    heat = tf.nn.relu(tf.reduce_sum(weights * tf.cast(maps, tf.float32), axis=-1)).numpy()
    side = (images.shape[2], images.shape[1])
    heat = np.stack([cv2.resize(one, side, interpolation=cv2.INTER_LINEAR) for one in heat])
    return heat / np.maximum(heat.max(axis=(1, 2), keepdims=True), 1e-12)


def _deepest(network: "keras.Model") -> Any:
    maps = [layer for layer in network.layers if len(layer.output.shape) == 4]
    return next((layer for layer in reversed(maps) if min(layer.output.shape[1:3]) >= SMALLEST), maps[0])
