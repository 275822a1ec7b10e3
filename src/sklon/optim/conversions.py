"""The strength of a penalty as other libraries write it, for the same minimum.

Ours is the λ of the mean data loss + l1·Σ|w| + (l2/2)·Σw² (``penalties``).
"""

from __future__ import annotations

from typing import Literal

import numpy as np

from sklon._base.errors import InputError

#: what the strength is called elsewhere, and by what our λ is multiplied to mean the same; n is the number of rows
CONVERSIONS: dict[tuple[str, str], str] = {
    ("l2", "torch.optim weight_decay"): "1",
    ("l2", "keras.regularizers.L2"): "1/2",
    ("l2", "sklearn MLPClassifier alpha"): "n",
    ("l2", "sklearn Ridge alpha"): "n/2",
    ("l2", "sklearn LogisticRegression C"): "1/(n·λ)",
    ("l1", "keras.regularizers.L1"): "1",
    ("l2", "sklearn ElasticNet alpha*(1-l1_ratio)"): "1/2",
    ("l1", "sklearn Lasso alpha"): "1/2",
    ("l1", "sklearn ElasticNet alpha*l1_ratio"): "1/2",
    ("l1", "sklearn LogisticRegression C"): "1/(n·λ)",
}


def convert(penalty: Literal["l1", "l2"], strength: float, to: str, rows: int | None = None) -> float:
    """Our λ as another library's number, for the same minimum; data losses are mean squared or mean cross-entropy.

    ``to`` is one of CONVERSIONS; ``rows`` is needed where that library adds up over rows: all of them, for
    MLPClassifier those of a batch.

    >>> convert("l2", 0.01, "sklearn Ridge alpha", rows=200), convert("l2", 0.01, "keras.regularizers.L2")
    (1.0, 0.005)
    """
    if (penalty, to) not in CONVERSIONS:
        known = ", ".join(name for kind, name in CONVERSIONS if kind == penalty)
        raise InputError(f"there is no conversion of {penalty} to {to!r}; there are {known}")
    form = CONVERSIONS[penalty, to]
    if "n" in form and rows is None:
        raise InputError(f"{to} adds up over rows; pass rows=")
    n = float(rows or 1)
    if form == "1/(n·λ)":
        return 1 / (n * strength) if strength else np.inf
    return strength * {"1": 1.0, "1/2": 0.5, "n": n, "n/2": n / 2}[form]
