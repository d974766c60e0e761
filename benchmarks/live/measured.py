"""What is measured, how long it takes, and where the result is kept."""

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from emolab.files import write_json
from emolab.runs import resolve
from emolab.runs.environment import hardware
from realtime.frame import Classifier
from realtime.recogniser import Wanted, recogniser

RESULTS = Path(__file__).resolve().parents[2] / "results" / "realtime"


def classifier(arguments: argparse.Namespace) -> Classifier:
    """Return the network or engine that the command names."""
    record, _ = resolve(arguments.run, Path("runs"))
    return recogniser(record, Wanted(arguments.recogniser, failed_gates=True), live=False)


def seconds_of(work: Callable[[], Any]) -> float:
    """Return the seconds that `work` takes."""
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def keep(name: str, result: Mapping[str, Any]) -> None:
    """Print a result and write it to results/realtime, with the machine, its load and the command."""
    facts = {"hardware": hardware(), "load_1_min": os.getloadavg()[0], "command": " ".join(sys.argv[1:]), **result}
    print(json.dumps(facts, indent=2))
    write_json(RESULTS / f"{name}.json", facts)
