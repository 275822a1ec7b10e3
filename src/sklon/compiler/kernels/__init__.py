"""Emitters: one per kind of loop, each turning a loop into the text of one LLVM function."""
