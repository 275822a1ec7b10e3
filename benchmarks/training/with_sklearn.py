"""The cases in scikit-learn, where it has them: an epoch is a ``partial_fit``, which shuffles and batches."""

from __future__ import annotations

from collections.abc import Callable

from .cases import LEARNING_RATE, MOMENTUM, Case

MODES = ("partial_fit",)


def can(case: Case) -> bool:
    """Whether scikit-learn's networks have all of a case."""
    return not case.normal and not case.dropout and case.optimizer != "adamw" and len(case.widths) > 2


def train(case: Case, mode: str, threads: int, tick: Callable[[], bool]) -> None:
    """Train until ``tick``, called after every epoch, says no."""
    from sklearn.neural_network import MLPClassifier
    from threadpoolctl import threadpool_limits

    X, y = case.data()
    model = MLPClassifier(
        case.widths[1:-1],
        solver="adam" if case.optimizer == "adam" else "sgd",
        momentum=MOMENTUM if case.optimizer == "momentum" else 0.0,
        nesterovs_momentum=False,
        alpha=0.0,
        batch_size=case.batch,
        learning_rate_init=LEARNING_RATE,
        random_state=0,
    )
    with threadpool_limits(threads):
        more = True
        while more:
            model.partial_fit(X, y, classes=sorted(set(y.tolist())))
            more = tick()
