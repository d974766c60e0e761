"""Finding faces: YuNet, Haar, or the whole frame.

Where a detector's box ends and where a training crop ends are two things. Each detector therefore says how the
two belong together (`crop_scale`), measured by `benchmarks/viewer.py crop` on faces of FER2013 whose squares are
known.
"""
