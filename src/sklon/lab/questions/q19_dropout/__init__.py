"""Q19: why dropout reduces overfitting."""
