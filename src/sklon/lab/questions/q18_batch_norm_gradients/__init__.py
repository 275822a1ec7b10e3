"""Q18: what batch normalization does to gradients."""
