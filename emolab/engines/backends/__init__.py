"""A file an engine: how a SavedModel becomes it, and how it's called."""
