"""Compiled programs on disk: machine code that a later process executes without compiling it again.

``key`` names a program by all that decides about its machine code, ``entry`` is the format of a file, ``folder`` reads
and writes files that nobody but this user can have written, ``where`` says which folder that is. What is in doubt is
ignored and compiled again, and a folder that cannot be used never stops anybody. No entry holds data or weights.
"""
