"""By which scale each prediction is graded: by its magnitude, unless a row says otherwise."""

from __future__ import annotations

from .grading import Scale

#: (experiment, check) → scale. Powers are one unit wide; what can be counted or computed is right or wrong
SCALES: dict[tuple[str, str], Scale] = {
    ("E1", "central-order"): "absolute",
    ("E2", "one-for-each"): "exact",
    ("E2b", "diagonal"): "exact",
    ("E3", "contour-order"): "absolute",
    ("E4", "kink-both-ways"): "exact",
    ("E5", "first-at-start"): "exact",
    ("E5", "escape"): "magnitude",
    ("E5b", "gap-step"): "absolute",
    ("E5b", "identity-at-0"): "exact",
    ("E6", "typical-direction"): "magnitude",
    ("E6b", "angle-to-minimum"): "relative",
    ("E7", "momentum-power"): "absolute",
    ("E7c", "steps-per-decade"): "relative",
    ("E8", "updates"): "exact",
    ("E9", "replaced-slope"): "absolute",
    ("E9c", "memory-order"): "absolute",
    ("E10", "halving"): "relative",
    ("E10c", "saving"): "relative",
    ("E11", "absolute-error"): "relative",
    ("E12", "slope-ratio"): "magnitude",
    ("E13", "price"): "relative",
    ("E13b", "by-the-slope-itself"): "exact",
    ("E14", "kept-graph"): "exact",
    ("E14", "zero-decays"): "exact",
    ("E15", "sigmoid-factor"): "magnitude",
    ("E15c", "dead-large"): "relative",
    ("E16", "adam-first-step-longest"): "exact",
    ("E16", "sgd-scaled"): "magnitude",
    ("E17", "quiet-feature"): "exact",
    ("E18", "gradient-order"): "absolute",
    ("E18b", "growth-with"): "relative",
    ("E19b", "gap-ratio"): "relative",
    ("E20", "variance"): "relative",
    ("E21", "factor-adam"): "relative",
    ("E22", "farthest"): "relative",
    ("E22b", "best-epoch"): "magnitude",
    ("E23", "patience-2"): "exact",
    ("E24b", "adam-least"): "relative",
}


def scale_of(experiment: str, check: str) -> Scale:
    """The scale of a prediction."""
    return SCALES.get((experiment, check), "magnitude")
