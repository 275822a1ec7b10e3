"""Q13: what backpropagation does, and what it leaves to the optimizer."""
