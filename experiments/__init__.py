"""Sweeps, comparisons, ablations and the renderer of the demo faces: what stands on top of emolab."""
