"""Q7: what decides how fast gradient descent converges."""
