"""How fast a descent should be: the curvatures of a quadratic, the factor per step from them, and the measured one."""

from .quadratic import Curvature, curvature_of
from .rate import Rate, cause_of, rate_of

__all__ = ["Curvature", "Rate", "cause_of", "curvature_of", "rate_of"]
