"""Q10: full-batch, mini-batch and stochastic gradient descent, compared."""
