"""What a run was, in words: the head of its report."""

from collections.abc import Mapping, Sequence
from typing import Any

from emolab.config.saved import settings_of
from emolab.config.stages import STAGES
from emolab.data.prepared import PreparedData
from emolab.runs.record import RunRecord
from emolab.runs.schema import LeftOut, Model, Monitor, Teacher


def title_of(record: RunRecord, prepared: PreparedData) -> str:
    """Return the heading of the run's report on these data."""
    return f"{record.name} ({record.id}) on {prepared.name}"


def head_of(record: RunRecord, prepared: PreparedData) -> dict[str, str]:
    """Return name and value of what the run was and what it's judged on."""
    facts, settings = record.facts, settings_of(record)
    return {
        "model": _network(facts.model),
        "trained on": f"{facts.data.name} ({facts.data.fingerprint[:16]}){_without(facts.data.left_out)}",
        "recipe": _recipe(settings),
        **_taught(facts.teachers, settings),
        "evaluated on": f"{prepared.name} ({prepared.fingerprint[:16]}), {prepared.image_size} pixels",
        "best epoch": _best(facts.monitor),
        **({"computed in": facts.precision} if facts.precision else {}),
        "seed": str(facts.seed),
        "hardware": _hardware(facts.hardware),
    }


def _hardware(found: Mapping[str, Any]) -> str:
    units = {"cores": " cores", "memory_gib": " GiB"}
    return ", ".join(f"{value}{units.get(key, '')}" for key, value in found.items() if value)


def _network(model: Model) -> str:
    weights = "an unknown number of weights" if model.parameters is None else f"{model.parameters:,} weights"
    return f"{model.name}, {weights}, begun from {model.weights.used or 'unknown ones'}"


def _best(monitor: Monitor) -> str:
    if monitor.best is None:
        return "unknown"
    return f"{(monitor.epoch or 0) + 1}, by {monitor.name} {monitor.best:.4f}"


def _without(left_out: LeftOut | None) -> str:
    return f", without {left_out.images} images that {left_out.file} lists" if left_out else ""


def _taught(teachers: Sequence[Teacher], settings: Mapping[str, Any]) -> dict[str, str]:
    if not teachers:
        return {}
    names = ", ".join(teacher.run for teacher in teachers)
    shares = _node(settings, "distillation")
    return {"learned from": f"{names}; weight {shares.get('weight')}, temperature {shares.get('temperature')}"}


def _recipe(settings: Mapping[str, Any]) -> str:
    trainer, optimizer, loss = (_node(settings, name) for name in ("trainer", "optimizer", "loss"))
    parts = [
        f"{trainer.get('epochs')} epochs of batches of {trainer.get('batch_size')}",
        f"{_target(optimizer)} at {optimizer.get('learning_rate')}, weight decay {optimizer.get('weight_decay')}",
        f"{_target(loss)}, label smoothing {loss.get('label_smoothing', 0.0)}",
        f"fine-tuning {_node(settings, 'finetune').get('name')}",
        f"augmentation {', '.join(_augmentation(_node(settings, 'aug'))) or 'none'}",
    ]
    return "; ".join(parts)


def _augmentation(aug: Mapping[str, Any]) -> list[str]:
    return [_target(layer) for stage in STAGES for layer in _node(aug, stage).values() if isinstance(layer, Mapping)]


def _node(settings: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A part of a run's settings, which may have come from anywhere; empty where it isn't one."""
    node = settings.get(name)
    return node if isinstance(node, Mapping) else {}


def _target(node: Mapping[str, Any]) -> str:
    return str(node.get("_target_")).rpartition(".")[2]
