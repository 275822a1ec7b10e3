"""Floor 4: the program. Buffers with layouts, and phases of parallel loops over units; a value like the graph.

It owns no memory and knows no machine: it can be printed, parsed, verified, and interpreted with NumPy.
"""
