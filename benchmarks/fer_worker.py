"""Times `fer` on the frames that come in; runs in an environment of its own, see against_fer.py."""

import json
import os
import sys
import time

import numpy as np

told, answers = sys.stdin.buffer, os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what libraries print is no answer
from fer.fer import FER  # noqa: E402

detector = FER(use_tflite=sys.argv[1] == "tflite")
while line := told.readline():
    count, *shape = json.loads(line)
    size = int(np.prod(shape))
    images = [np.frombuffer(told.read(size), np.uint8).reshape(shape) for _ in range(count)]
    seconds, faces = [], 0
    for image in images:
        began = time.perf_counter()
        faces += len(detector.detect_emotions(image))
        seconds.append(time.perf_counter() - began)
    print(json.dumps({"seconds": seconds, "faces": faces}), file=answers, flush=True)
