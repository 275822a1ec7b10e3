"""Q5b: jumps, kinks and cusps, and what automatic differentiation returns there."""
