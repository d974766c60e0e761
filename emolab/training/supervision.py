"""The line between a training and the process that started it: a JSON object a line, each one answered.

The training says {"epoch": 3, "value": 0.51} after a validation and is answered {"prune": false} or
{"prune": true, "reason": "..."}; at its end it may say what it measured, such as {"latency_ms": 4.2}.
"""

import os
import socket
from typing import IO

VARIABLE = "EMOLAB_SUPERVISOR"  # in the training's environment: the number of its end of a socket, already open


def line_to_supervisor() -> IO[str] | None:
    """Return the line, or None where nobody supervises this process."""
    if VARIABLE not in os.environ:
        return None
    return socket.socket(fileno=int(os.environ[VARIABLE])).makefile("rw", encoding="utf-8")
