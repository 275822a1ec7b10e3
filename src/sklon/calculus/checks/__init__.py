"""Whether gradients are right: of functions, and of models with their losses."""
