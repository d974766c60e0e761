"""The founding experiment: what the original claimed, and what becomes of it."""
