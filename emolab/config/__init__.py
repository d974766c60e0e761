"""The configuration: found, composed, checked before anything slow is imported, and read back from runs."""
