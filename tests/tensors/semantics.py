"""Small programs that are run twice, once with PyTorch and once with sklon, and their outcomes side by side.

A program speaks of ``lib``, ``nn`` and ``optim``, of ``w = [1, 2]`` and ``v = [3, -1]``, leaves that require
gradients, and of ``c = [0.5, 2]``, which does not; ``new(values)`` makes another tensor of float64. What it leaves in
``result`` counts, or the kind of error that it raises.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from textwrap import dedent
from typing import Any

import numpy as np

import sklon
from sklon._base.errors import AutogradError, DtypeError, InputError, ShapeError

#: kinds of errors in PyTorch and the classes that stand for them here
KINDS: dict[type[BaseException], tuple[type[BaseException], ...]] = {
    RuntimeError: (AutogradError, ShapeError, DtypeError, InputError),
    TypeError: (TypeError, DtypeError),
    ValueError: (InputError, ValueError),
    AssertionError: (InputError,),  # "Torch not compiled with CUDA enabled"
    KeyError: (KeyError, InputError),
}


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a program left, the error that ended it, and whether it warned."""

    result: Any
    error: BaseException | None
    warned: bool


def run(source: str, lib: Any) -> Outcome:
    """Run a program with one of the two libraries."""

    def new(values: Any, requires_grad: bool = False) -> Any:
        return lib.tensor(values, dtype=lib.float64, requires_grad=requires_grad)

    names = {"lib": lib, "nn": lib.nn, "optim": lib.optim, "new": new}
    names |= {"w": new([1.0, 2.0], True), "v": new([3.0, -1.0], True), "c": new([0.5, 2.0])}
    error: BaseException | None = None
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            exec(compile(dedent(source), "<program>", "exec"), names)
        except Exception as raised:
            error = raised
    return Outcome(_plain(names.get("result"), lib), error, any(issubclass(w.category, UserWarning) for w in caught))


def _plain(value: Any, lib: Any) -> Any:
    """Tensors as lists with the name of their type, everything else as it is."""
    if isinstance(value, lib.Tensor):
        return (str(value.dtype).rsplit(".")[-1].strip("'>"), np.asarray(value.detach().numpy()).tolist())
    if isinstance(value, dict):
        return {key: _plain(part, lib) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(part, lib) for part in value]
    return value


def check_equal(ours: Any, theirs: Any) -> None:
    """The same structure, with numbers equal up to rounding."""
    if isinstance(theirs, list):
        assert isinstance(ours, list) and len(ours) == len(theirs), (ours, theirs)
        for mine, other in zip(ours, theirs, strict=True):
            check_equal(mine, other)
    elif isinstance(theirs, tuple):
        assert ours[0] == theirs[0], (ours, theirs)
        np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-5 if theirs[0] == "float32" else 1e-12, atol=1e-14)
    elif isinstance(theirs, float):
        assert np.isclose(ours, theirs, rtol=1e-6), (ours, theirs)
    else:
        assert ours == theirs, (ours, theirs)


def check_same_kind(ours: BaseException | None, theirs: BaseException | None) -> None:
    """Both ran through, or both failed in the same way."""
    if theirs is None:
        if ours is not None:
            raise ours
        return
    assert ours is not None, f"PyTorch raises {theirs!r}"
    allowed = next((kinds for base, kinds in KINDS.items() if isinstance(theirs, base)), (type(theirs),))
    assert isinstance(ours, allowed), (ours, theirs)
    assert not isinstance(ours, AttributeError), ours


def check(source: str, torch: Any) -> None:
    """Run a program with both libraries and compare."""
    ours, theirs = run(source, sklon), run(source, torch)
    check_same_kind(ours.error, theirs.error)
    check_equal(ours.result, theirs.result)
