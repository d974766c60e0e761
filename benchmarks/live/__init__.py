"""What `benchmarks/viewer.py` measures, each in a file of its own, and the browser and server of the page's tests."""
