"""emolab: a research framework for recognising emotions in faces."""
