"""Q9: what the batch size changes."""
