"""One reader a layout: each turns a data set on disk into records."""
