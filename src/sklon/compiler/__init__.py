"""Floor 5: from graph to native code. A tuple of passes makes the program, one emitter per kind its kernels."""
