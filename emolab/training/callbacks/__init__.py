"""Our own callbacks; early stopping and the like are Keras's."""

from emolab.training.callbacks.averaged_validation import AveragedValidation
from emolab.training.callbacks.checkpoints import Checkpoints
from emolab.training.callbacks.epoch_log import EpochLog
from emolab.training.callbacks.nan_guard import NanGuard
from emolab.training.callbacks.profile import Profile
from emolab.training.callbacks.progress import Progress
from emolab.training.callbacks.supervised import Supervised

__all__ = ["AveragedValidation", "Checkpoints", "EpochLog", "NanGuard", "Profile", "Progress", "Supervised"]
