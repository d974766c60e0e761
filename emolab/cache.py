"""What lies where in the cache (`paths.cache`), as far as more than one part of emolab looks for it."""

YUNET = "detectors/face_detection_yunet_2023mar.onnx"  # the viewer downloads it, the doctor looks for it
