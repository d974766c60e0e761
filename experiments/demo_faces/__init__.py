"""The faces that come with emolab: rendered from CC0 data, so that anybody may have them.

`python -m experiments.demo_faces --help` lists what there is: the pack, the video, contact sheets, the judge.
"""
