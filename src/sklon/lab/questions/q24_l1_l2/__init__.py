"""Q24: L1 and L2 regularization."""
