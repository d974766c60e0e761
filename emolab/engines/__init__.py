"""A run -> a fast engine: built, proved on the validation set, measured against the budget.

Importing this, and loading any engine but `tensorflow` and `tftrt`, never imports TensorFlow.
"""

from emolab.engines.engine import Engine, load_engine
from emolab.engines.selection import selected_engine

__all__ = ["Engine", "load_engine", "selected_engine"]
