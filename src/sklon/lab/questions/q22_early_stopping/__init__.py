"""Q22: what early stopping is for."""
