"""Q2: the derivative along one variable while the others stand still."""
