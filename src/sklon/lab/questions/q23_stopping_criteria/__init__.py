"""Q23: by which rules training is stopped."""
