"""Walking: an optimizer moves one point, and what it saw on its way."""

from .rules import Way, label_of, way_of
from .walking import Outcome, Walk, walk

__all__ = ["Outcome", "Walk", "Way", "label_of", "walk", "way_of"]
