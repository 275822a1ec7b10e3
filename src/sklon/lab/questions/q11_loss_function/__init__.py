"""Q11: what a loss function is."""
