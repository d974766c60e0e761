"""A plan of three trainings, and runs as they leave them: what the tests of jobs share."""

from pathlib import Path

from run_fields import made_record

from emolab.jobs import Plan
from emolab.runs import RunRecord

JOBS = (("model=vgg19", "seed=0"), ("model=vgg19", "seed=1"), ("model=resnet50", "seed=0"))


def plan(folder: Path, jobs=JOBS) -> Plan:
    return Plan(folder / "grids" / "g", "g", folder / "runs", jobs)


def add(
    root: Path, number: int | None, status: str = "finished", state: bool = False, group: str = "g", config: str = "{}"
) -> RunRecord:
    record = made_record(root / "runs", config, group={"name": group, "number": number})
    if state:
        record.save_checkpoint("last", lambda path: path.write_text("w"), tag=1)
    record.finish(status)
    return record
