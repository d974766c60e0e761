"""emolab: a research framework for recognising emotions in faces."""

import signal
import sys

# `python -m emolab.train` imports this package first, under this name, and then for a second what it needs; so do the
# verbs of `experiments` and `realtime`. Ctrl-C ends them meanwhile without a traceback of the imports; `main` listens
# again.
if sys.argv[:1] == ["-m"] and signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)
