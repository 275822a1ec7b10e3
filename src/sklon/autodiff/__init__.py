"""Floor 3: derivatives as graph transformations. The backward nodes are ordinary graph."""

from .backward import added, gradients
from .forward import tangents

__all__ = ["added", "gradients", "tangents"]
