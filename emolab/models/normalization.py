"""How each backbone wants its pixels; inside the network, so that whoever calls it gives uint8-range RGB."""

import keras


@keras.saving.register_keras_serializable(package="emolab")
class CaffeNormalization(keras.layers.Layer):
    """RGB in 0 to 255 -> BGR minus ImageNet's mean, the form in which VGG19 and ResNet50 were trained.

    Input and output: float (N, H, W, 3). Equal to `keras.applications.vgg19.preprocess_input`
    (`imagenet_utils`, mode "caffe"); a golden test holds it to that.
    """

    MEAN_BGR = (103.939, 116.779, 123.68)

    def call(self, images: keras.KerasTensor) -> keras.KerasTensor:
        """Return the normalised images."""
        mean = keras.ops.convert_to_tensor(self.MEAN_BGR, dtype=images.dtype)
        # Neither a flip, which LiteRT's int8 form gets wrong, nor `take`, which breaks TF-TRT's segments.
        blue_green_red = keras.ops.split(images, 3, axis=-1)[::-1]
        return keras.ops.concatenate(blue_green_red, axis=-1) - mean

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Shapes pass through."""
        return input_shape


@keras.saving.register_keras_serializable(package="emolab")
class Grey(keras.layers.Layer):
    """RGB -> its luminance in all three channels (ITU-R BT.601), so that colour is nothing that a network sees.

    Input and output: float (N, H, W, 3) in 0..255. A network that only ever saw grey faces, such as FER2013's, loses
    two thirds of its accuracy on the same faces in colour (results/demo/README.md).
    """

    WEIGHTS = (0.299, 0.587, 0.114)

    def call(self, images: keras.KerasTensor) -> keras.KerasTensor:
        """Return the images without their colour."""
        weights = keras.ops.convert_to_tensor([[weight] * 3 for weight in self.WEIGHTS], dtype=images.dtype)
        return keras.ops.matmul(images, weights)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        """Shapes pass through."""
        return input_shape


def caffe(images: keras.KerasTensor) -> keras.KerasTensor:
    """Normalise for VGG19 and ResNet50."""
    return CaffeNormalization(name="normalization", dtype="float32")(images)


def minus_one_to_one(images: keras.KerasTensor) -> keras.KerasTensor:
    """Map 0..255 to -1..1, for MobileNetV2 and our own network."""
    return keras.layers.Rescaling(1 / 127.5, offset=-1.0, name="normalization", dtype="float32")(images)
