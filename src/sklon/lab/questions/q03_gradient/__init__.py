"""Q3: all partial derivatives together, as a direction."""
