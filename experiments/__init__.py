"""Sweeps, comparisons, ablations and the renderer of the demo faces: what stands on top of emolab."""

import emolab  # noqa: F401 - it lets Ctrl-C end a verb without a traceback of its other imports
