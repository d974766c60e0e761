"""Where frames come from. Each source opens, reads and closes; what goes wrong is `capture`'s to mend."""

from realtime.sources.source import Frame, Source, SourceEnded, SourceError

__all__ = ["Frame", "Source", "SourceEnded", "SourceError"]
