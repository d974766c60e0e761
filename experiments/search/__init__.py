"""A sweep: the space, the shared study, the worker that trains its trials, and what is written about it."""
