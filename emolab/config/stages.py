"""The stages of an augmentation, each of which holds layers by name, as `conf/aug` has them."""

STAGES = ("layers", "camera", "blends")  # in the order in which an image meets them
