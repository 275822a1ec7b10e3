"""Q14: what stands in .grad after a backward pass."""
