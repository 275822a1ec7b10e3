"""Shapes with a symbolic leading axis: broadcasting as NumPy's, strides, shards."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra.numpy import mutually_broadcastable_shapes

from sklon._base.errors import ShapeError
from sklon._base.shapes import (
    SHARD,
    N,
    S,
    Shape,
    Symbol,
    T,
    broadcast,
    check_shape,
    concrete,
    normalise_axes,
    row_major,
    row_size,
    shards,
    size,
)


@given(mutually_broadcastable_shapes(num_shapes=3, min_side=1))
def test_broadcasting_is_numpys(shapes: object) -> None:
    given_shapes: tuple[tuple[int, ...], ...] = shapes.input_shapes  # type: ignore[attr-defined]
    assert broadcast(*given_shapes) == np.broadcast_shapes(*given_shapes)


@pytest.mark.parametrize(
    ("shapes", "expected"),
    [(((N, 1), (5,)), (N, 5)), (((N, 3), (1, 1)), (N, 3)), (((), (N,)), (N,)), (((1,), (N,)), (N,))],
)
def test_rows_broadcast_like_any_size(shapes: tuple[Shape, ...], expected: Shape) -> None:
    assert broadcast(*shapes) == expected


@pytest.mark.parametrize("shapes", [((3,), (4,)), ((N,), (4,)), ((N, 3), (2, 3))])
def test_what_does_not_fit_is_named(shapes: tuple[Shape, ...]) -> None:
    with pytest.raises(ShapeError, match="do not broadcast: axis -"):
        broadcast(*shapes)


def test_only_the_leading_axis_may_be_symbolic() -> None:
    assert check_shape([N, 3]) == (N, 3)
    with pytest.raises(ShapeError, match="only the leading axis"):
        check_shape([3, N])


@pytest.mark.parametrize(("rows", "expected"), [(1, 1), (SHARD, 1), (SHARD + 1, 2), (200, 4)])
def test_rows_make_shards(rows: int, expected: int) -> None:
    assert shards(rows) == expected
    assert concrete((S, 3), rows) == (expected, 3)
    assert concrete((N, 3), rows) == (rows, 3)
    assert size((N, 3), rows) == 3 * rows


def test_strides_need_no_rows() -> None:
    assert row_major((N, 3, 4)) == (12, 4, 1)
    assert row_major(()) == ()
    assert row_size((N, 3, 4)) == 12


@pytest.mark.parametrize(
    ("axes", "expected"), [(None, (0, 1, 2)), (-1, (2,)), ((2, 0), (0, 2)), ((), ()), ((-3, 1), (0, 1))]
)
def test_axes_are_normalised(axes: int | tuple[int, ...] | None, expected: tuple[int, ...]) -> None:
    assert normalise_axes(axes, 3) == expected


@pytest.mark.parametrize(("axes", "message"), [(3, "out of range"), ((0, -3), "named twice")])
def test_axes_that_are_not_there_are_refused(axes: int | tuple[int, ...], message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        normalise_axes(axes, 3)


@pytest.mark.parametrize("symbol", [N, S, T])
def test_there_is_one_of_each_symbol(symbol: Symbol) -> None:
    assert copy.deepcopy((symbol, 3))[0] is copy.copy(symbol) is pickle.loads(pickle.dumps(symbol)) is symbol
