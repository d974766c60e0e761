"""Where metrics go: JSON lines always, W&B where it is asked for."""
