"""Q8: what a batch is."""
