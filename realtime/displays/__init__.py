"""Where the faces are shown: a window, a file, a web page, or nowhere."""

from realtime.displays.display import Display, DisplayError, View

__all__ = ["Display", "DisplayError", "View"]
