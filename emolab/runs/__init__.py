"""The record a run leaves, and which run is meant by `ckpt=`."""

from emolab.runs.record import RunRecord
from emolab.runs.select import list_runs, resolve

__all__ = ["RunRecord", "list_runs", "resolve"]
