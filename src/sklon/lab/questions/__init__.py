"""The questions, a folder each, in the order of the notes."""
