"""Grad-CAM (Selvaraju et al. 2017): which part of a face spoke for a class."""

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import keras


def grad_cam(network: "keras.Model", images: np.ndarray, class_numbers: np.ndarray) -> np.ndarray:
    """Return heat maps float32 (N, H, W), 0 to 1, of what speaks for the classes `class_numbers`.

    Our networks end in average pooling and one dense layer. There the gradient of a class's logit by the last
    feature map is that class's column of the dense kernel, the same at every place: Grad-CAM is then CAM (the
    paper's section 3.1), and no gradient has to be computed.

    Args:
        network: uint8-range RGB (N, H, W, 3) -> logits (N, C), with layers named "pooling" and "logits".
        images: uint8 (N, H, W, 3).
        class_numbers: int (N,).
    """
    import cv2
    import keras

    features = keras.Model(network.inputs[0], network.get_layer("pooling").input)
    maps = keras.ops.convert_to_numpy(features(images.astype(np.float32), training=False))
    kernel = keras.ops.convert_to_numpy(network.get_layer("logits").kernel)
    heat = np.maximum(np.einsum("nhwc,cn->nhw", maps.astype(np.float32), kernel[:, class_numbers]), 0.0)
    side = (images.shape[2], images.shape[1])
    heat = np.stack([cv2.resize(one, side, interpolation=cv2.INTER_LINEAR) for one in heat])
    return heat / np.maximum(heat.max(axis=(1, 2), keepdims=True), 1e-12)
