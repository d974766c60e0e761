"""emolab: a research framework for recognising emotions in faces.

`emolab.load("best").predict("face.jpg")` gives the probability of each class.
"""

import signal
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from emolab.recogniser import Recogniser, load

__all__ = ["Recogniser", "load"]

# `python -m emolab.train` imports this package first, under this name, and then for a second what it needs; so do the
# verbs of `experiments` and `realtime`. Ctrl-C ends them meanwhile without a traceback of the imports; `main` listens
# again.
if sys.argv[:1] == ["-m"] and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)


def __getattr__(name: str) -> Any:
    """Import what Python's users need once they ask for it: no verb should wait for it."""
    if name not in __all__:
        raise AttributeError(f"module 'emolab' has no attribute {name!r}")
    from emolab import recogniser

    return getattr(recogniser, name)
