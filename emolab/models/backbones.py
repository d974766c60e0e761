"""The three published backbones, from `keras.applications`: (N, H, W, 3) in 0..255 -> a feature map.

Each builder takes the image tensor and `weights`: None for random ones, or the path of a file with the
backbone's own weights (no top). The layers keep the names that `keras.applications` gives them.
"""

from pathlib import Path

import keras

from emolab.models.normalization import caffe, minus_one_to_one

MOMENTUM = 0.99  # of the averages that batch normalisation keeps for inference


def vgg19(images: keras.KerasTensor, weights: Path | None = None) -> keras.KerasTensor:
    """VGG19 (Simonyan & Zisserman 2014): 16 convolutions without batch normalisation, 20 million weights."""
    return _features(keras.applications.VGG19, caffe(images), weights)


def resnet50(images: keras.KerasTensor, weights: Path | None = None) -> keras.KerasTensor:
    """ResNet50 (He et al. 2015): bottleneck residual blocks, 24 million weights."""
    return _features(keras.applications.ResNet50, caffe(images), weights)


def mobilenetv2(images: keras.KerasTensor, weights: Path | None = None) -> keras.KerasTensor:
    """MobileNetV2 (Sandler et al. 2018): inverted residuals of depthwise convolutions, 2.3 million weights.

    `keras.applications` gives its batch normalisation a momentum of 0.999: averages over thousands of steps, which a
    training of a few hundred ends without, at chance in validation. Ours is Keras's usual one.
    """
    features = _features(keras.applications.MobileNetV2, minus_one_to_one(images), weights)
    for layer in keras.Model(images, features).layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = MOMENTUM
    return features


def _features(application: type, images: keras.KerasTensor, weights: Path | None) -> keras.KerasTensor:
    path = None if weights is None else str(weights)
    return application(include_top=False, weights=path, input_tensor=images).output
