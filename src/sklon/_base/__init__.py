"""Floor 0: what every floor above may use: element types, shapes, errors, random bits, settings.

Nothing here knows of graphs, tensors or training.
"""
