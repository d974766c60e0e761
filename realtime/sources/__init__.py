"""Where frames come from. Each source opens, reads and closes; what goes wrong is `capture`'s to mend."""
