"""Many trainings, each in a process of its own: TensorFlow never gives memory back inside one process."""

from emolab.jobs.plan import Plan
from emolab.jobs.process import Child, Outcome, last_lines, stop_all

__all__ = ["Child", "Outcome", "Plan", "last_lines", "stop_all"]
