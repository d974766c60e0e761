"""Work over many runs, and the tools that make what emolab ships: sweeps, comparisons, the demo faces."""
