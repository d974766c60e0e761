"""`python -m realtime.viewer ckpt=...`: the faces of a camera, a file or a stream, named as they come."""

import os
import signal
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from hydra.utils import instantiate
from omegaconf import DictConfig

from emolab.cli import verb
from emolab.exit_codes import INTERRUPTED
from emolab.interrupts import end_signals
from emolab.notices import LAW, NOTICE
from realtime.capture import try_opening
from realtime.displays.display import opened
from realtime.frame import Classifier, Detector, FrameStep, StepSettings
from realtime.hung import HungThreads
from realtime.loop import Stop, Summary, run
from realtime.sources.source import Source

if TYPE_CHECKING:
    from emolab.runs import RunRecord
    from realtime.displays.web.options import Web


def view(cfg: DictConfig) -> Summary:
    """Show what `cfg.source` gives on `cfg.display`, until it's closed, ended or stopped; print a summary.

    Raises:
        EmolabError: if the display, the run, its engine, the detector or the source can't be used.
    """
    from realtime.displays.web.options import Web

    display, hung = instantiate(cfg.display), HungThreads()
    if isinstance(display, Web):  # it has nothing to finish, and asyncio takes Ctrl-C in a way of its own
        display.open()
        summary = _serve(cfg, display, hung)
        _report(summary)
        return summary
    with opened(display):
        _, make_source, make_step = _ready(cfg, hung)
        stop = Stop(cfg.frames, cfg.seconds)
        summary = run(make_source, make_step(), display, cfg.budget_ms / 1e3, stop, hung=hung)
        _report(summary)
    return summary


def _serve(cfg: DictConfig, display: "Web", hung: HungThreads) -> Summary:
    # A page may take its browser's camera instead.
    record, make_source, make_step = _ready(cfg, hung, may_lack_source=True)
    from realtime.displays.web.server import serve

    notice = f"{NOTICE} Note: {record.notice}." if record.notice else NOTICE
    return serve(display, make_source, make_step, cfg.budget_ms, notice, Stop(cfg.frames, cfg.seconds), hung)


def _ready(
    cfg: DictConfig, hung: HungThreads, may_lack_source: bool = False
) -> "tuple[RunRecord, Callable[[], Source], Callable[[], FrameStep]]":
    """Return the run, what gives its source, not yet opened, and what makes frame steps.

    Args:
        cfg: `conf/viewer.yaml`, composed.
        hung: gets the thread of a source that hangs as it's opened.
        may_lack_source: whether a live source that can't be opened is no reason to end.
    """
    from emolab.runs import chosen_run
    from realtime.recogniser import Wanted, recogniser

    print(f"{NOTICE} {LAW}")
    record = chosen_run(cfg)
    make_source: Callable[[], Source] = lambda: instantiate(cfg.source)  # noqa: E731 - a partial would resolve late
    source = make_source()
    if not (source.live and may_lack_source):
        try_opening(source, hung)
    detector = instantiate(cfg.detector)
    classify = recogniser(record, Wanted.of(cfg), source.live)  # may take minutes
    return record, make_source, step_maker(cfg, detector, classify, record.facts.uncertain_below)


def step_maker(
    cfg: DictConfig, detector: Detector, classify: Classifier, uncertain_below: float | None
) -> Callable[[], FrameStep]:
    """Return what makes frame steps: each with faces of its own, all with the same detector and recogniser.

    The recogniser is called once, because a first call takes longer than all others.

    Args:
        cfg: `conf/viewer.yaml`, composed.
        detector: finds the faces.
        classify: names the faces.
        uncertain_below: the run's own threshold, which an evaluation fitted; None where none did.
    """
    size = classify.image_size
    classify(np.zeros((1, size, size, 3), np.uint8))
    smoothing = dict(cfg.smoothing)
    if smoothing["threshold"] is None:
        smoothing["threshold"] = StepSettings.threshold if uncertain_below is None else float(uncertain_below)
    settings = StepSettings(**smoothing, **cfg.tracking)
    return lambda: FrameStep(detector, classify, settings)


def _report(summary: Summary) -> None:
    from rich.console import Console

    if summary.timings.frames:
        Console().print(summary.timings.table())
    print(summary.text())


def _main(cfg: DictConfig) -> int:
    for number in end_signals():
        signal.signal(number, signal.default_int_handler)  # as Ctrl-C does
    summary = view(cfg)
    code = INTERRUPTED if summary.interrupted else 0
    if not summary.ended:  # a driver hangs: leaving in the usual way would wait for it
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


main = verb("realtime.viewer", _main)

if __name__ == "__main__":
    main()
