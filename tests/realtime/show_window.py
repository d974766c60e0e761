"""Shows synthetic frames in a window, as the viewer does; run by the test of the window in a process of its own."""

import sys

from stand_ins import Brightness

from emolab.errors import EmolabError
from realtime.detectors.full_frame import FullFrame
from realtime.displays.window import Window
from realtime.frame import FrameStep
from realtime.loop import Stop, run
from realtime.sources.synthetic import Synthetic


def main() -> None:
    """Usage: show_window.py SECONDS."""
    window = Window(bars=True)
    try:
        window.open()
    except EmolabError as error:
        sys.exit(str(error))
    step = FrameStep(FullFrame(), Brightness())
    print(run(lambda: Synthetic(), step, window, 0.033, Stop(seconds=float(sys.argv[1]))).text(), flush=True)


if __name__ == "__main__":
    main()
