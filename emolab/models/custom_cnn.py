"""Our own network: a small residual network for faces of 48 to 112 pixels.

Chosen for accuracy per millisecond on a CPU. What costs there isn't arithmetic but memory: batch
normalisation and activations on large feature maps take longer than the convolutions. So the stem halves
the side at once, no stage works at full size, and the width doubles as the side halves, which keeps every
convolution large enough to run near the processor's peak. Plain 3x3 convolutions, because depthwise ones
train slowly on a CPU. Two-layer residual blocks (He et al. 2015); the shortcut of a block that halves the
side averages before its 1x1 convolution, so that no pixel is skipped ("ResNet-D", He et al. 2018).

At 48 pixels with the default widths: 2.6 million weights, 0.13 GMAC a face.
"""

from collections.abc import Sequence
from pathlib import Path

import keras
from keras import layers

from emolab.errors import ConfigError
from emolab.models.normalization import minus_one_to_one


def custom_cnn(
    images: keras.KerasTensor,
    weights: Path | None = None,
    stem: int = 48,
    widths: Sequence[int] = (48, 96, 192, 256),
    depths: Sequence[int] = (1, 2, 2, 1),
) -> keras.KerasTensor:
    """Return the feature map (N, H/16, W/16, widths[-1]) of images (N, H, W, 3) in 0..255.

    Args:
        images: the network's input tensor.
        weights: None; there are no published weights for this backbone.
        stem: channels of the first convolution, which halves the side.
        widths: channels of each stage; every stage but the first halves the side.
        depths: residual blocks of each stage.

    Raises:
        ConfigError: if `weights` names a file, or widths and depths differ in length.
    """
    if weights is not None:
        raise ConfigError(
            f"no weights without top are published for custom_cnn, got {weights}: set model.weights=null, or give the "
            "folder or the best weights of a run"
        )
    if len(widths) != len(depths):
        raise ConfigError(f"model.backbone.widths has {len(widths)} stages, depths {len(depths)}: give one each")
    x = _normalized_convolution(minus_one_to_one(images), stem, 3, stride=2, name="stem")
    x = layers.ReLU(name="stem_relu")(x)
    for stage, (width, depth) in enumerate(zip(widths, depths, strict=True), start=1):
        for block in range(1, depth + 1):
            stride = 2 if block == 1 and stage > 1 else 1
            x = _residual_block(x, width, stride, name=f"stage{stage}_block{block}")
    return x


def _residual_block(x: keras.KerasTensor, width: int, stride: int, name: str) -> keras.KerasTensor:
    shortcut = x
    if stride > 1:
        shortcut = layers.AveragePooling2D(stride, padding="same", name=f"{name}_average")(shortcut)
    if x.shape[-1] != width:
        shortcut = _normalized_convolution(shortcut, width, 1, stride=1, name=f"{name}_shortcut")
    y = _normalized_convolution(x, width, 3, stride, name=f"{name}_first")
    y = layers.ReLU(name=f"{name}_first_relu")(y)
    y = _normalized_convolution(y, width, 3, stride=1, name=f"{name}_second")
    y = layers.Add(name=f"{name}_add")([y, shortcut])
    return layers.ReLU(name=f"{name}_relu")(y)


def _normalized_convolution(x: keras.KerasTensor, width: int, side: int, stride: int, name: str) -> keras.KerasTensor:
    convolution = layers.Conv2D(width, side, strides=stride, padding="same", use_bias=False, name=f"{name}_conv")
    return layers.BatchNormalization(name=f"{name}_bn")(convolution(x))
