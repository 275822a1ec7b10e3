"""Q21: when gradients are accumulated, and when that equals the big batch."""
