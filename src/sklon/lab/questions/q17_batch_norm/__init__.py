"""Q17: what batch normalization normalizes."""
