"""Where metrics go: JSON lines always, W&B where it is asked for."""

from emolab.tracking.jsonlines import JsonLines, besides_record, with_record
from emolab.tracking.logger import Logger, LoggerGroup
from emolab.tracking.wandb_logger import Wandb

__all__ = ["JsonLines", "Logger", "LoggerGroup", "Wandb", "besides_record", "with_record"]
