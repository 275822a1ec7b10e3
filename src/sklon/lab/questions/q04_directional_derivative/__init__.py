"""Q4: the rate along any direction, and what the gradient has to do with it."""
