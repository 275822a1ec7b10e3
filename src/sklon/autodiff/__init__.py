"""Floor 3: graph transformations: derivatives, and many samples at once. What they add is ordinary graph."""

from .backward import gradients
from .batching import batched

__all__ = ["batched", "gradients"]
