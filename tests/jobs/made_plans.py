"""A plan of three trainings, and runs as they leave them: what the tests of jobs share."""

from pathlib import Path

from emolab.jobs import Plan
from emolab.runs import RunRecord

JOBS = (("model=vgg19", "seed=0"), ("model=vgg19", "seed=1"), ("model=resnet50", "seed=0"))


def plan(folder: Path, jobs=JOBS) -> Plan:
    return Plan(folder / "grids" / "g", "g", folder / "runs", jobs)


def add(
    root: Path, number: int, status: str = "finished", state: bool = False, group: str = "g", config: str = "{}"
) -> RunRecord:
    fields = {
        "classes": ["a", "b"], "image_size": 48, "seed": 0, "data": {"name": "d", "fingerprint": "f"},
        "model": {"name": "vgg19"}, "monitor": {"name": "val_accuracy", "mode": "max"},
        "group": {"name": group, "number": number},
    }  # fmt: skip
    record = RunRecord.create(root / "runs", "vgg19", fields, config)
    if state:
        record.save_checkpoint("last", ".npz", lambda path: path.write_text("w"), tag=1)
    record.finish(status)
    return record
