"""Rows for functions of whole arrays: shapes, parts, joins, indices, reductions, orders, products and creation.

Where a tensor has a method of PyTorch's name, the method is judged, and with it the function behind it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import sklon
from sklon.tensors import Tensor, creation, indexing, manipulation, products, sorting
from sklon.tensors import functional as F

from .op_db import Entry, tensors, torch

Leave = Callable[[Any], str | None]
M = manipulation
#: integers and no booleans
NUMBERS = (torch.int32, torch.int64)
NORMS = (1, 2, float("inf"))
#: words of samples that say where a tensor lies
PLACES = ("device", "layout", "requires_grad", "memory_format", "pin_memory")


def unless(fits: Callable[[Any], Any], reason: str) -> Leave:
    """Leave out the samples that do not fit."""
    return lambda sample: None if fits(sample) else reason


def method(name: str) -> Callable[..., Any]:
    """The method of a tensor as a function."""
    return lambda x, *args, **words: getattr(x, name)(*args, **words)


def methods(names: str, **options: Any) -> tuple[Entry, ...]:
    """Rows for methods that are called as PyTorch's functions are."""
    return tuple(Entry(name, method(name), **options) for name in names.split())


def made(function: Callable[..., Tensor]) -> Callable[..., Tensor]:
    """A function that makes a tensor, without PyTorch's words for where it lies."""
    return lambda *args, **words: function(*args, **{k: v for k, v in words.items() if k not in PLACES})


def no_axes_are_all(name: str) -> Callable[..., Any]:
    """A reduction for which PyTorch takes an empty list as all axes."""

    def reduced(x: Tensor, dim: Any = None, **words: Any) -> Any:
        return getattr(x, name)(dim if dim not in ((), []) else None, **words)

    return reduced


def meshgrid(first: Any, *others: Tensor, indexing: str = "ij") -> Any:
    """PyTorch takes lists one by one, or as one sequence."""
    lists = (first, *others) if isinstance(first, Tensor) else first
    return sklon.meshgrid(*lists, indexing=indexing)


def corrected(name: str) -> Callable[..., Any]:
    """A variance whose correction is said by ``unbiased``."""

    def spread(x: Tensor, *args: Any, unbiased: bool | None = None, **words: Any) -> Any:
        *dim, unbiased = args if unbiased is None else (*args, unbiased)
        return getattr(x, name)(*dim, correction=int(bool(unbiased)), **words)

    return spread


def plain(sample: Any) -> bool:
    """Whether a sample asks for no other type of the result."""
    return "dtype" not in sample.kwargs


def axes(sample: Any) -> bool:
    """Whether a tensor has axes to speak of, and the result the tensor's type."""
    return bool(sample.input.ndim) and plain(sample)


NO_AXES = unless(axes, "a number has no axes, not even axis 0; results keep their type")


def rotated(function: Callable[[Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor], Tensor]:
    """A function of two, whose first stands behind."""
    return lambda x, y: function(y, x)


def first_two(sample: Any) -> bool:
    """Whether the sizes that meet in a product are the same."""
    x, y = sample.input, sample.args[0]
    dims = sample.kwargs.get("dims", sample.args[1] if len(sample.args) > 1 else 2)
    return isinstance(dims, int) or all(x.shape[a] == y.shape[b] for a, b in zip(*dims, strict=True))


LISTS = unless(lambda s: all(t.ndim == 1 for t in tensors((s.input, s.args))), "lists span a grid")

SHAPES: tuple[Entry, ...] = (
    *methods("reshape view flatten unflatten unsqueeze permute movedim expand"),
    *methods("squeeze transpose", leave=NO_AXES),
    Entry("T", lambda x: x.T),
    Entry("mT", lambda x: x.mT),
    Entry("squeeze multiple", method("squeeze"), leave=NO_AXES),
    Entry("ravel", M.flatten),
    Entry("broadcast_to", F.broadcast_to),
    Entry("broadcast_tensors", lambda *given: M.broadcast_tensors(*given)),
    *(Entry(f"meshgrid {how}", meshgrid, leave=LISTS) for how in ("variadic_tensors", "list_of_tensors")),
)

PARTS: tuple[Entry, ...] = (
    *methods("chunk unbind select narrow split diagonal"),
    *(
        Entry(
            name,
            method("split"),
        )
        for name in ("split list_args", "split_with_sizes")
    ),
    Entry("cat", lambda given, dim=0: M.concat(given, dim)),
    Entry("stack", lambda given, dim=0: M.stack(given, dim)),
    Entry("flip", lambda x, dims: x.flip(*dims)),
    Entry("fliplr", lambda x: M.flip(x, 1)),
    Entry("flipud", lambda x: M.flip(x, 0)),
    *methods("roll repeat tril triu"),
    Entry("tile", M.tile),
    Entry(
        "repeat_interleave",
        lambda x, repeats, dim=None: M.repeat(x, repeats, dim),
        leave=unless(lambda s: not torch.is_tensor(s.kwargs.get("repeats", s.args and s.args[0])), "one number"),
    ),
)

AT_INDICES: tuple[Entry, ...] = (
    *methods("gather index_select", leave=NO_AXES),
    *methods("index_add", leave=NO_AXES, types=NUMBERS),
    *methods("scatter_add", leave=NO_AXES, types=NUMBERS, accepted={"self.dtype": "it is converted"}),
    *methods("masked_fill __getitem__"),
    Entry("take_along_dim", lambda x, index, dim=None: indexing.take_along_axis(x, index, dim)),
    Entry(
        "nonzero",
        lambda x, as_tuple=False: indexing.nonzero(x) if as_tuple else M.stack(indexing.nonzero(x), 1),
        leave=NO_AXES,
    ),
    Entry("argwhere", lambda x: M.stack(indexing.nonzero(x), 1), leave=NO_AXES),
)

REDUCTIONS: tuple[Entry, ...] = (
    *(Entry(name, no_axes_are_all(name), leave=NO_AXES) for name in ["amin", "all", "any", "count_nonzero"]),
    *(
        Entry(name, no_axes_are_all(name), leave=unless(lambda s: axes(s) and "unbiased" not in s.kwargs, "see below"))
        for name in ("var", "std")
    ),
    *methods("prod argmax argmin logsumexp", leave=NO_AXES),
    *(Entry(f"{name} unbiased", corrected(name), leave=NO_AXES) for name in ("var", "std")),
    *(Entry(f"{name} reduction_no_dim", method(name)) for name in ("max", "min")),
    *(Entry(f"{name} reduction_with_dim", method(name), leave=NO_AXES) for name in ("max", "min")),
    Entry(
        "linalg.vector_norm",
        lambda x, ord=2, dim=None, keepdim=False: x.norm(ord, dim, keepdim),
        leave=unless(lambda s: axes(s) and (s.args[0] if s.args else s.kwargs.get("ord", 2)) in NORMS, "other norms"),
    ),
    *methods("cumsum cumprod", leave=NO_AXES),
    Entry("amax", no_axes_are_all("amax"), leave=NO_AXES, types=NUMBERS),
    Entry(
        "diff",
        method("diff"),
        types=NUMBERS,
        leave=unless(lambda s: axes(s) and len(s.args) < 3, "what is put before: join it"),
    ),
)

ORDERS: tuple[Entry, ...] = (
    Entry("sort", lambda x, *args, stable=True, **words: x.sort(*args, **words), leave=NO_AXES, types=()),
    Entry("argsort", lambda x, *args, stable=True, **words: x.argsort(*args, **words), leave=NO_AXES, types=()),
    Entry("topk", lambda x, k, dim=-1, largest=True, ordered=True: x.topk(k, dim, largest), leave=NO_AXES, types=()),
    Entry("msort", lambda x: sorting.sort(x, 0), leave=NO_AXES),
    Entry(
        "searchsorted",
        lambda x, v, right=False, side=None, **_: sorting.searchsorted(x, v, side or ("right" if right else "left")),
    ),
)

PRODUCTS: tuple[Entry, ...] = (
    *(Entry(name, sklon.matmul, types=()) for name in ["matmul", "bmm", "mm", "mv", "dot"]),
    Entry("__rmatmul__", rotated(sklon.matmul), types=()),
    Entry("outer", products.outer, types=()),
    Entry("linalg.vecdot", lambda x, y, dim=-1: products.vecdot(x, y, dim), types=()),
    Entry("tensordot", lambda x, y, dims=2: products.tensordot(x, y, dims), types=(), leave=unless(first_two, "sizes")),
    Entry(
        "einsum",
        lambda given, equation: products.einsum(equation, *given),
        types=(),
        leave=unless(lambda s: len(s.input) == 2 and "." not in s.args[0] and "->" in s.args[0], "two operands"),
    ),
)

CREATION: tuple[Entry, ...] = (
    *(Entry(name, made(getattr(creation, name))) for name in ["eye", "linspace", "full", "zeros", "ones"]),
    *(Entry(f"{name}_like", made(getattr(creation, f"{name}_like"))) for name in ("zeros", "ones", "full")),
    Entry("arange", made(creation.arange), leave=unless(lambda s: "end" not in s.kwargs, "the end is called stop")),
)

ENTRIES: tuple[Entry, ...] = (*SHAPES, *PARTS, *AT_INDICES, *REDUCTIONS, *ORDERS, *PRODUCTS, *CREATION)
