"""The passes, each a value of its own: graph to graph, then graph to program."""
