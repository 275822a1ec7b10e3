"""What people look at: a graph through its passes; a program with kernels, tiles, memory and barriers; its times."""
