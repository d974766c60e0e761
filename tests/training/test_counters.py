import keras
import numpy as np
import tensorflow as tf

from emolab.training.callbacks.counters import counters_of, restore_counters


def test_what_a_callback_counts_is_told_from_its_settings_and_from_what_cannot_be_saved() -> None:
    stopping = keras.callbacks.EarlyStopping("val_loss", patience=2, min_delta=0.1)
    stopping.wait, stopping.best = 3, np.float32(0.5)
    stopping.window, stopping.by_class, stopping.image = [1, None], {"happy": [2.0]}, tf.zeros((2, 2))
    counters = counters_of(stopping)
    assert not {"patience", "min_delta", "image", "model", "params"} & counters.keys()
    resumed = keras.callbacks.EarlyStopping("val_loss", patience=2, min_delta=0.1)
    restore_counters(resumed, counters)
    assert (resumed.wait, resumed.best) == (3, 0.5)
    restore_counters(resumed, {"patience": 99})  # a state may come from anywhere
    assert resumed.patience == 2
    assert (resumed.window, resumed.by_class) == ([1, None], {"happy": [2.0]})
