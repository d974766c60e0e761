"""One frame at a time: sources, detectors, tracking, smoothing, displays; and the Kaggle file.

Frames are uint8 BGR (H, W, 3) throughout, because that is what OpenCV's cameras, files and windows use.
`realtime.frame` turns the crops into the network's RGB, and is the only place that does.
"""

import emolab  # noqa: F401 - it lets Ctrl-C end a verb without a traceback of its other imports
