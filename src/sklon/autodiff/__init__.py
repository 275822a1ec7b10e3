"""Floor 3: derivatives as graph transformations. The backward nodes are ordinary graph."""

from .backward import gradients

__all__ = ["gradients"]
