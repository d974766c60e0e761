"""Records a camera that hangs, as the viewer does; run by the test of Ctrl-C in a process of its own.

Each of its lines says where it is: "hangs", then "closing" as Ctrl-C is heard, and "finishing" as it begins to finish
the recording, which it does when it's given a line.
"""

import signal
import sys
from collections.abc import Iterator

from stand_ins import Brightness, Scripted, noisy

from emolab.interrupts import end_signals
from realtime import loop
from realtime.capture import Capture
from realtime.detectors.full_frame import FullFrame
from realtime.displays.display import View, opened
from realtime.displays.file import FileDisplay
from realtime.frame import FrameStep


class Watched(FileDisplay):
    """A recording on a slow disk, of which is told how far it has come."""

    def show(self, view: View) -> None:
        """Write it; see `FileDisplay`."""
        super().show(view)
        if view.frame is not None and view.frame.number:
            print("hangs", flush=True)

    def close(self, complete: bool) -> None:
        """Finish it; see `FileDisplay`."""
        print("finishing", flush=True)
        sys.stdin.readline()
        super().close(complete)


class Told(Capture):
    """Of which is told when Ctrl-C has it left."""

    def __exit__(self, *error: object) -> None:
        """Stop reading; see `Capture`."""
        if error[0] is KeyboardInterrupt:
            print("closing", flush=True)
        super().__exit__(*error)


def _script() -> Iterator[object]:
    yield noisy(0)
    yield noisy(1)
    yield "hang"


def main() -> None:
    """Usage: record_hanging.py RECORDING [FRAMES]."""
    for number in end_signals():
        signal.signal(number, signal.default_int_handler)  # as the viewer does
    loop.Capture = Told
    script = _script()
    display = Watched(sys.argv[1])
    stop = loop.Stop(frames=int(sys.argv[2]) if len(sys.argv) > 2 else None)
    with opened(display):
        loop.run(lambda: Scripted(script), FrameStep(FullFrame(), Brightness()), display, 0.033, stop)


if __name__ == "__main__":
    main()
