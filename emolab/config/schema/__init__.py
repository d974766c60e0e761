"""What each verb's configuration may hold: types, ranges and choices, checked before anything slow is imported."""

from pydantic import BaseModel

from emolab.config.schema.comparison import Compare
from emolab.config.schema.data import Prepare
from emolab.config.schema.doctor import Doctor
from emolab.config.schema.evaluation import Evaluate
from emolab.config.schema.export import Export
from emolab.config.schema.founding import Founding
from emolab.config.schema.kaggle import Kaggle
from emolab.config.schema.label_noise import LabelNoise
from emolab.config.schema.levers import Levers
from emolab.config.schema.sweep import Sweep
from emolab.config.schema.training import Train
from emolab.config.schema.viewer import Viewer

SCHEMAS: dict[str, type[BaseModel]] = {
    "train": Train,
    "prepare": Prepare,
    "evaluate": Evaluate,
    "export": Export,
    "doctor": Doctor,
    "viewer": Viewer,
    "kaggle": Kaggle,
    "sweep": Sweep,
    "compare": Compare,
    "founding": Founding,
    "levers": Levers,
    "label_noise": LabelNoise,
}
