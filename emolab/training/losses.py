"""Losses: pure functions (logits (N, C), targets (N, C), prior (C,)) -> loss of each image (N,), in nats.

Targets are distributions over the classes: one-hot rows, MixUp's blends or the raters' votes. The prior is
the share of each class among the training images.
"""

import tensorflow as tf


def cross_entropy(
    logits: tf.Tensor,
    targets: tf.Tensor,
    prior: tf.Tensor,
    label_smoothing: float = 0.0,
    balance: float = 0.0,
) -> tf.Tensor:
    """Cross-entropy with label smoothing (Szegedy et al. 2016) and class-balanced weights.

    Args:
        logits: float32 (N, C).
        targets: float32 (N, C), rows sum to 1.
        prior: float32 (C,), shares of the classes.
        label_smoothing: share of each target given to all classes evenly, 0 to 1.
        balance: 0 weighs every image alike, 1 every class alike; between them, weights are prior^-balance.
    """
    loss = tf.nn.softmax_cross_entropy_with_logits(smoothed(targets, label_smoothing), logits)
    return loss * image_weights(targets, prior, balance)


def focal(
    logits: tf.Tensor,
    targets: tf.Tensor,
    prior: tf.Tensor,
    gamma: float = 2.0,
    label_smoothing: float = 0.0,
    balance: float = 0.0,
) -> tf.Tensor:
    """Focal loss (Lin et al. 2017): cross-entropy times (1 - p)^gamma, which spares what is known already."""
    log_probabilities = tf.nn.log_softmax(logits)
    missing = 1.0 - tf.exp(log_probabilities)
    if gamma < 1.0:  # its power has an infinite slope at 0; what float32 knows below 1 is above this
        missing = tf.maximum(missing, 1e-8)
    loss = -tf.reduce_sum(smoothed(targets, label_smoothing) * missing**gamma * log_probabilities, axis=-1)
    return loss * image_weights(targets, prior, balance)


def logit_adjusted(
    logits: tf.Tensor, targets: tf.Tensor, prior: tf.Tensor, tau: float = 1.0, label_smoothing: float = 0.0
) -> tf.Tensor:
    """Cross-entropy of logits + tau log(prior) (Menon et al. 2021): the network learns balanced logits.

    `label_smoothing` is given to the classes by their share: an even one, which the adjustment divides by the share,
    would make the network name a rare class for everything.
    """
    adjusted = logits + tau * tf.math.log(tf.maximum(prior, 1e-12))
    return cross_entropy(adjusted, targets * (1.0 - label_smoothing) + label_smoothing * prior, prior)


def distillation(logits: tf.Tensor, teacher_logits: tf.Tensor, temperature: float) -> tf.Tensor:
    """Return what a student misses of its teacher's softened probabilities (Hinton et al. 2015): (N,), at least 0.

    Args:
        logits: the student's, (N, C).
        teacher_logits: the teacher's, (N, C).
        temperature: at least 1; above 1 the small probabilities count more, which say what resembles what. The
            factor temperature^2 keeps the gradients as large as at 1.
    """
    taught = tf.nn.softmax(teacher_logits / temperature)
    known = tf.nn.log_softmax(logits / temperature)
    divergence = tf.reduce_sum(taught * (tf.nn.log_softmax(teacher_logits / temperature) - known), axis=-1)
    return divergence * temperature**2


def smoothed(targets: tf.Tensor, share: float) -> tf.Tensor:
    """Return the targets (N, C), a share (0 to 1) of each given to all classes evenly."""
    return targets * (1.0 - share) + share / tf.cast(tf.shape(targets)[-1], tf.float32)


def image_weights(targets: tf.Tensor, prior: tf.Tensor, balance: float) -> tf.Tensor:
    """Return the weight (N,) of each image, prior^-balance scaled to a mean of 1 over the training set."""
    class_weights = tf.where(prior > 0, tf.maximum(prior, 1e-12) ** -balance, 0.0)
    class_weights /= tf.reduce_sum(prior * class_weights)
    return tf.linalg.matvec(targets, class_weights)
