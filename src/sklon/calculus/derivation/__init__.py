"""Derivatives of a function at a point, by several ways side by side, with what follows from them."""

from .critical import StationaryPoints, stationary_points
from .derivation import Derivation, derive

__all__ = ["Derivation", "StationaryPoints", "derive", "stationary_points"]
