"""Floor 1: the graph. Typed nodes, the Op protocol, walks, text, verifier and interpreter.

A graph is pure: it holds no arrays and computes nothing. Ops are defined one floor up, by family.
"""
