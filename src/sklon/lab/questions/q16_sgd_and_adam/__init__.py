"""Q16: what SGD and Adam do with the same gradient."""
