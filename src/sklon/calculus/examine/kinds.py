"""What a point of a function can be, by name, with what each means."""

from __future__ import annotations

SMOOTH = "smooth"
KINK = "kink"
JUMP = "jump"
REMOVABLE = "removable"
POLE = "pole"
CUSP = "cusp"
OSCILLATING = "oscillating"
ROUGH = "discontinuous derivative"
EDGE = "edge"
OUTSIDE = "outside"
UNDECIDED = "undecided"

MEANINGS = {
    SMOOTH: "continuous, with a derivative that is continuous too",
    KINK: "continuous, with finite one-sided derivatives that differ",
    JUMP: "both one-sided limits are finite, and they differ",
    REMOVABLE: "the one-sided limits agree, but the value is missing or another",
    POLE: "a one-sided limit is infinite",
    CUSP: "continuous, with an infinite one-sided derivative",
    OSCILLATING: "a one-sided limit, of the function or of its difference quotient, does not exist: it goes to and fro",
    ROUGH: "differentiable, but the derivative has no limit there",
    EDGE: "the domain ends here, and the function is continuous from inside",
    OUTSIDE: "the function is not defined here, nor next to it on either side",
    UNDECIDED: "the samples do not decide",
}
"""Every kind that a point can have; a point has exactly one."""
