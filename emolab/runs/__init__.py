"""The record a run leaves, and which run is meant by `ckpt=`."""

from emolab.runs.record import RunRecord
from emolab.runs.select import check_distinct, chosen_run, list_runs, resolve

__all__ = ["RunRecord", "check_distinct", "chosen_run", "list_runs", "resolve"]
