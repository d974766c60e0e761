"""What `benchmarks/viewer.py` measures, each in a file of its own."""
