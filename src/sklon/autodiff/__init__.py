"""Floor 3: graph transformations: derivatives, and many samples at once. What they add is ordinary graph."""

from .backward import added, gradients
from .batching import batched, draws
from .forward import tangents

__all__ = ["added", "batched", "draws", "gradients", "tangents"]
