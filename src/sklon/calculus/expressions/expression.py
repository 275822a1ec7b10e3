"""A formula as a value. The only folder that imports SymPy."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sklon._base.errors import InputError
from sklon.tensors import Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class Expression:
    """A formula in real variables: its text as given, its variables, and what SymPy knows of it."""

    text: str
    variables: tuple[str, ...]
    formula: Any

    def function(self) -> Callable[..., Tensor]:
        """The formula as a function of scalar tensors, in the order of ``variables``."""
        raise NotImplementedError


def parse(text: str) -> Expression:
    """Read a formula; raises InputError for what is none."""
    raise InputError(f"{text!r} cannot be read yet")
