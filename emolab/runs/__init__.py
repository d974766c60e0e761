"""The record a run leaves, and which run is meant by `ckpt=`."""

from emolab.runs.record import RunRecord
from emolab.runs.select import chosen_run, list_runs, resolve

__all__ = ["RunRecord", "chosen_run", "list_runs", "resolve"]
