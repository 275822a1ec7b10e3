"""Q1: the derivative of a function of one variable."""
