"""Floor 10: the command ``sklon``: flags, terminals and exit codes around the functions of ``runs``.

Results go to standard output, everything else to standard error. Nothing heavy is imported before a command
needs it, so that ``sklon --help`` is quick.
"""

from __future__ import annotations

from .main import main

__all__ = ["main"]
