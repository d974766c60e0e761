"""Which labels are probably wrong: found by networks that never saw the image (confident learning)."""
