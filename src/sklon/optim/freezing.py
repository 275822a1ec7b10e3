"""Freezing: which parameters keep their values in which epochs, as values.

A frozen parameter is not updated: no gradient of it is computed, no penalty moves it, its slots and its count of steps
stand still, as for PyTorch's ``requires_grad=False``. Running statistics are no parameters: ``BatchNorm1d.freeze``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from sklon._base.errors import InputError


@dataclass(frozen=True, slots=True)
class Freeze:
    """Parameters whose names match a pattern keep their values in the epochs ``first`` to ``last``, both included.

    Epochs count from one over all fits of a trainer; without ``last`` they are frozen for good. In patterns ``*``
    stands for any text, as in file names. Raises InputError for epochs that are none.

    >>> warm = Freeze("0.*", last=3)
    >>> [warm.holds("0.weight", epoch) for epoch in (1, 3, 4)], warm.holds("2.weight", 1)
    ([True, True, False], False)
    """

    pattern: str
    first: int = 1
    last: int | None = None

    def __post_init__(self) -> None:
        if not isinstance(self.pattern, str):
            raise InputError(f"the pattern of a freeze is a text, as in '0.*', not {self.pattern!r}")
        for name, value in (("first", self.first), ("last", self.last)):
            if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
                raise InputError(f"{name} must be the number of an epoch, at least 1, not {value!r}")
        if self.last is not None and self.last < self.first:
            raise InputError(f"last ({self.last}) must not lie before first ({self.first})")

    def fits(self, name: str) -> bool:
        """Whether a parameter is meant."""
        return fnmatchcase(name, self.pattern)

    def holds(self, name: str, epoch: int) -> bool:
        """Whether a parameter is frozen in an epoch."""
        return self.fits(name) and self.first <= epoch and (self.last is None or epoch <= self.last)

    def __str__(self) -> str:
        """The freeze in words.

        >>> print(Freeze("0.*", last=3), "|", Freeze("*.bias"), "|", Freeze("2.*", first=5), "|", Freeze("1.*", 2, 2))
        0.* in epochs 1 to 3 | *.bias | 2.* from epoch 5 on | 1.* in epoch 2
        """
        if self.last is None:
            return self.pattern if self.first == 1 else f"{self.pattern} from epoch {self.first} on"
        if self.first == self.last:
            return f"{self.pattern} in epoch {self.first}"
        return f"{self.pattern} in epochs {self.first} to {self.last}"


def check_freezes(freezes: Sequence[Freeze], names: Iterable[str]) -> tuple[Freeze, ...]:
    """The freezes, each of which means some parameter."""
    known = list(names)
    if isinstance(freezes, Freeze):
        raise InputError("freeze holds several: freeze=[optim.Freeze(pattern, …)]")
    for one in freezes:
        if not isinstance(one, Freeze):
            raise InputError(f"freeze holds optim.Freeze(pattern, …), not {type(one).__name__}")
        if not any(map(one.fits, known)):
            raise InputError(f"no parameter is called {one.pattern!r}; there are {', '.join(known)}")
    return tuple(freezes)
