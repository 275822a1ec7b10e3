"""Q6: why a step goes against the gradient."""
