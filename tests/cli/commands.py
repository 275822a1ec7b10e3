"""What tests of commands share: how a command is run, and flags that make a training short."""

from __future__ import annotations

from collections.abc import Callable

Command = Callable[..., tuple[int, str, str]]
"""From the words of a command line to its exit code, standard output and standard error."""

QUICK = ["--epochs", "2", "--hidden", "8", "--threads", "1"]
ROWS = 120
"""Rows of the table in the fixture ``place``."""
