"""Engines built, compared with their run and timed, side by side in one process."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from emolab.data.prepared import PreparedData
from emolab.engines import manifest
from emolab.engines.backends.base import Backend
from emolab.engines.build import Builder
from emolab.engines.earlier import earlier_engines
from emolab.engines.engine import Engine, load_engine
from emolab.engines.faults import Faults, Key
from emolab.engines.gates import USABLE, gates
from emolab.engines.latency import TimingPlan, measure
from emolab.engines.parity import judged, parity
from emolab.engines.registry import backend
from emolab.engines.schema import JudgedEngine, Latency, Measured, Parity, Ratio, Start
from emolab.engines.selection import engine_folder, whole_selection
from emolab.engines.startup import measure_start
from emolab.engines.table import Row
from emolab.errors import EmolabError, RunError
from emolab.evaluation.predictions import Predictions
from emolab.processor import load_per_core, usable_cores
from emolab.runs import RunRecord

Loaded = tuple[Engine, Start]  # and how it starts in a process of its own

BASELINE = ("tensorflow", "fp32")
PREDICT = ("keras", "predict")
BUSY = 1.5  # processes a core; judging, which comes before, makes 1
_SHOWN = 256  # validation images that the timing goes through


def why_not_here(wanted: Sequence[tuple[Backend, str]]) -> dict[Key, str | None]:
    """Return of each engine of `wanted` why it can't run on this machine, or None where it can.

    Raises:
        RunError: if none of them can; the message says why.
    """
    reasons = {(one.name, precision): one.available(precision) for one, precision in wanted}
    _check_any(reasons)
    return reasons


def _check_any(reasons: Mapping[Key, str | None]) -> None:
    if all(reasons.values()):
        told = "; ".join(f"{'-'.join(key)}: {reason}" for key, reason in reasons.items())
        raise RunError(f"none of the engines can run here: {told or 'none was asked for'}")


@dataclass(frozen=True)
class Benchmark:
    """What engines are put to.

    Attributes:
        record: the run.
        prepared: its data; validation images are judged, training images calibrate.
        builder: builds its engines, and tells whom it tells what is being done.
        threads: processor threads for each; None: every core.
        plan: how much is timed.
        budget_ms: what the p95 of a face may be.
        batch_size: images at a time while judging.
        resamples: of the bootstrap.
    """

    record: RunRecord
    prepared: PreparedData
    builder: Builder
    threads: int | None
    plan: TimingPlan
    budget_ms: float
    batch_size: int = 128
    resamples: int = 2000

    def run(self, wanted: Sequence[tuple[Backend, str]], reasons: Mapping[Key, str | None]) -> list[Row]:
        """Build, judge and time every engine of `wanted` that this machine can run, with these data; one row each.

        The SavedModel's signature and Keras's `predict` are timed with them, whether wanted or not, and so are the
        run's other engines that an earlier export judged: times of another day can't be compared with those of now.
        What goes wrong with another engine than the SavedModel ends that one alone, and its `engine.json` says that it
        isn't fit for use.

        Args:
            wanted: the engines and their precisions.
            reasons: what `why_not_here` says of them.

        Raises:
            EmolabError: if the SavedModel can't be built, judged or timed, or the data lack what each engine needs.
        """
        reasons = {key: reason or self.builder.lacks(key[1]) for key, reason in reasons.items()}
        _check_any(reasons)
        able = [(one, precision) for one, precision in wanted if reasons[one.name, precision] is None]
        if BASELINE not in reasons:
            able = [(backend(BASELINE[0]), BASELINE[1]), *able]
        faults = Faults(self.record, self.builder.say, BASELINE)
        built = self._built(able, faults)
        selected = whole_selection(self.record) == engine_folder(self.record, *BASELINE)  # else nobody asked for it
        earlier = earlier_engines(self.builder, reasons.keys() if selected else {*reasons, BASELINE})
        folders = built | {key: engine_folder(self.record, *key) for key in earlier}
        loaded = self._loaded(folders, faults)
        measured = self._measured(folders, loaded, earlier, faults)
        for key in folders.keys() & faults.keys():
            manifest.amend(folders[key], gates={USABLE: False})
        asked = {*reasons, *earlier}
        here = [Row(*key, wanted=key in asked, facts=found, earlier=key in earlier) for key, found in measured.items()]
        broken = [Row(*key, fault=fault, earlier=key in earlier) for key, fault in faults.items()]
        away = [Row(*key, reason=reason) for key, reason in reasons.items() if reason is not None]
        return [*here, *broken, *away]

    def _built(self, able: Sequence[tuple[Backend, str]], faults: Faults) -> dict[Key, Path]:
        """Build each engine; return the folders of those whose converter didn't give up.

        All of them are made from the SavedModel: without that there's none. Nor would another converter do better with
        what the user has to mend, such as a full disk.
        """
        folders: dict[Key, Path] = {}
        for one, precision in able:
            key = (one.name, precision)
            with faults.noted(key, "built", but=(EmolabError,)):
                folders[key] = self.builder.build(one, precision)
        return folders

    def _loaded(self, folders: Mapping[Key, Path], faults: Faults) -> dict[Key, Loaded]:
        """Load each engine here and, unless it's known how it starts on this machine, in a process of its own."""
        loaded: dict[Key, Loaded] = {}
        for key, folder in folders.items():
            with faults.noted(key, "loaded"):
                engine = load_engine(folder, self.threads)
                start = engine.facts.start if engine.facts.hardware == manifest.this_hardware() else None
                loaded[key] = engine, start or measure_start(folder, self.threads)
        return loaded

    def _measured(
        self,
        folders: Mapping[Key, Path],
        loaded: Mapping[Key, Loaded],
        earlier: Mapping[Key, JudgedEngine],
        faults: Faults,
    ) -> dict[Key, Measured]:
        """Judge and time each engine; return the facts of those that didn't give up meanwhile.

        What an earlier export judged is the same network, and is only timed.
        """
        same = self._parities({key: engine for key, (engine, _) in loaded.items() if key not in earlier}, faults)
        same |= {key: facts.parity for key, facts in earlier.items() if key in loaded}
        if again := ", ".join("-".join(key) for key in earlier if key in loaded):
            why = "and timed again, for times of another day can't be compared"
            self.builder.say(f"of an earlier export, {why}: {again}")
        times = self._times({key: loaded[key][0] for key in same}, faults)
        found: dict[Key, Measured] = {PREDICT: Measured(**times[PREDICT], ratio=_ratio(times, PREDICT))}
        for key in (key for key in same if key not in faults):
            found[key] = manifest.amend(
                folders[key],
                parity=same[key].model_dump(exclude_unset=True),
                **times[key],
                ratio=_ratio(times, key).model_dump(),
                start=loaded[key][1].model_dump(),
                gates=gates(key[1], same[key], Latency(**times[key]["latency_ms"]), self.budget_ms),
                budget_ms=self.budget_ms,
                hardware=manifest.this_hardware().model_dump(),
            )
        return found

    def _parities(self, engines: Mapping[Key, Engine], faults: Faults) -> dict[Key, Parity]:
        run = self._judged("the run itself", self.builder.network.predict_on_batch)
        found: dict[Key, Parity] = {}
        for key, engine in engines.items():
            with faults.noted(key, "judged"):
                found[key] = parity(run, self._judged("-".join(key), engine), self.resamples)
        return found

    def _judged(self, name: str, classify: Callable[[np.ndarray], np.ndarray]) -> Predictions:
        self.builder.say(f"{name}: judging the validation images")
        return judged(self.record, self.prepared, classify, self.batch_size)

    def _times(self, engines: Mapping[Key, Engine], faults: Faults) -> dict[Key, dict[str, Any]]:
        load = load_per_core()
        self.builder.say(f"timing {self.plan.calls} calls of each, in turns")
        if load is not None and load > BUSY:
            busy = f"the machine is busy, {load:.1f} processes a core"
            self.builder.say(f"note: {busy}: these times say little; try again later")
        network = self.builder.network
        calls: dict[Key, Callable[[np.ndarray], Any]] = {
            PREDICT: lambda images: network.predict(images, batch_size=len(images), verbose=0),
            **{key: _guarded(key, engine, faults) for key, engine in engines.items()},
        }
        images = self.prepared.images[self.prepared.rows("validation")[:_SHOWN]]
        found = measure(calls, images, self.plan)
        for times in found.values():
            times["latency_ms"] |= {"threads": self.threads or usable_cores(), "load_per_core": load}
        return found


def _guarded(key: Key, engine: Engine, faults: Faults) -> Callable[[np.ndarray], Any]:
    """The engine, which does nothing any more once it failed: the others are timed all the same."""

    def call(images: np.ndarray) -> Any:
        if key in faults:
            return None
        try:
            return engine(images)
        except Exception:  # noted below; a context around each call would be timed with it
            with faults.noted(key, "timed"):
                raise

    return call


def _ratio(times: Mapping[Key, dict[str, Any]], key: Key) -> Ratio:
    p50 = {name: times[name]["latency_ms"]["p50"] for name in (PREDICT, BASELINE, key)}
    return Ratio(keras_predict=p50[PREDICT] / p50[key], savedmodel=p50[BASELINE] / p50[key])
