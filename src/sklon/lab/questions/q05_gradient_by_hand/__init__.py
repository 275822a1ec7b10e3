"""Q5: one gradient computed by hand, and the saddle that it belongs to."""
