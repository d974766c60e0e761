"""Shows synthetic frames in a window, as the viewer does; run by the test of the window in a process of its own."""

import resource
import sys

import cv2
from stand_ins import Brightness

from emolab.errors import EmolabError
from realtime.detectors.full_frame import FullFrame
from realtime.displays.display import View, opened
from realtime.displays.window import TITLE, Window
from realtime.frame import FrameStep
from realtime.loop import Stop, run
from realtime.sources.synthetic import Synthetic


class Recorder(Window):
    """A window in which `r` is pressed with the first picture, on a disk that is then full."""

    def show(self, view: View) -> None:
        """Show it; see `Window`."""
        begins = self._view is None
        super().show(view)
        if begins:
            self.press(ord("r"))
            resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))


def main() -> None:
    """Usage: show_window.py FRAMES [RECORDING]."""
    window = Recorder(sys.argv[2]) if len(sys.argv) > 2 else Window(bars=True)
    step = FrameStep(FullFrame(), Brightness())
    try:
        with opened(window):
            print(run(Synthetic, step, window, 0.033, Stop(frames=int(sys.argv[1]))).text(), flush=True)
    except EmolabError as error:
        sys.exit(f"{error}\nthe window is {'shown' if _is_shown() else 'closed'}")


def _is_shown() -> bool:
    try:
        return cv2.getWindowProperty(TITLE, cv2.WND_PROP_VISIBLE) >= 1
    except cv2.error:  # what Qt says where there's no window at all
        return False


if __name__ == "__main__":
    main()
