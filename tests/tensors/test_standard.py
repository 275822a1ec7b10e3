"""The functions of the Python array API standard, 2023.12: which are here under their name, and why others are not."""

from __future__ import annotations

import numpy as np
import pytest

import sklon
from sklon._base.errors import InputError

STANDARD = {
    "creation": "arange empty empty_like eye full full_like linspace meshgrid ones ones_like tril triu zeros "
    "zeros_like",
    "data types": "astype can_cast finfo iinfo isdtype result_type",
    "linear algebra": "matmul matrix_transpose tensordot vecdot",
    "manipulation": "broadcast_tensors broadcast_to concat expand_dims flip moveaxis permute_dims repeat reshape roll "
    "squeeze stack tile unstack",
    "searching": "argmax argmin nonzero searchsorted where",
    "sorting": "argsort sort",
    "statistics": "cumulative_sum max mean min prod std sum var",
    "utility": "all any",
    "indexing": "",
}
#: of the standard, but not here
ABSENT = {
    "asarray": "sklon.tensor, which copies",
    "from_dlpack": "memory is never shared",
    "take": "index_select, or x[indices]",
    "unique_all": "its shape depends on the values",
    "unique_counts": "its shape depends on the values",
    "unique_inverse": "its shape depends on the values",
    "unique_values": "its shape depends on the values",
    "conj": "no complex numbers",
    "imag": "no complex numbers",
    "real": "no complex numbers",
}


@pytest.mark.parametrize("chapter", STANDARD)
def test_the_names_of_the_standard(chapter: str) -> None:
    assert set(STANDARD[chapter].split()) <= set(sklon.__all__)


def test_what_is_absent_is_absent() -> None:
    assert not set(ABSENT) & set(sklon.__all__)


@pytest.mark.parametrize("name", sorted(sklon.ELSEWHERE))
def test_other_words_lead_to_the_standard(name: str) -> None:
    with pytest.raises(AttributeError, match=f"sklon.{sklon.ELSEWHERE[name]} here"):
        getattr(sklon, name)
    assert sklon.ELSEWHERE[name] in sklon.__all__


def test_what_is_made() -> None:
    x = sklon.tensor([[1, 2, 3]])
    assert sklon.arange(5).tolist() == [0, 1, 2, 3, 4]
    assert sklon.arange(4, 0, -2).tolist() == [4, 2]
    assert sklon.arange(0, 1, 0.25).dtype is sklon.float32
    assert sklon.linspace(0, 1, 5).tolist() == [0.0, 0.25, 0.5, 0.75, 1.0]
    assert sklon.eye(2, 3, k=1).tolist() == [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    assert sklon.zeros_like(x).tolist() == sklon.empty_like(x).tolist() == [[0, 0, 0]]
    assert sklon.full_like(x, 7, dtype="float64").tolist() == [[7.0, 7.0, 7.0]]
    grids = [np.arange(3), np.arange(2)]
    for indexing in ("xy", "ij"):
        ours = sklon.meshgrid(*map(sklon.tensor, grids), indexing=indexing)
        for found, expected in zip(ours, np.meshgrid(*grids, indexing=indexing), strict=True):
            np.testing.assert_array_equal(found.numpy(), expected)


def test_what_is_drawn() -> None:
    sklon.manual_seed(3)
    drawn, order = sklon.randint(2, 5, (1000,)), sklon.randperm(50)
    assert sorted(set(drawn.tolist())) == [2, 3, 4] and sorted(order.tolist()) == list(range(50))
    sklon.manual_seed(3)
    assert sklon.randint(2, 5, (1000,)).tolist() == drawn.tolist()


def test_types() -> None:
    assert sklon.result_type(sklon.float32, 2.0) is sklon.float32
    assert sklon.result_type(sklon.int32, 2.0) is sklon.float32
    assert sklon.result_type(sklon.int32, sklon.int64) is sklon.int64
    assert sklon.result_type(sklon.ones(2, dtype="float64"), sklon.float32) is sklon.float64
    assert sklon.can_cast(sklon.int32, sklon.float64) and not sklon.can_cast(sklon.float64, sklon.float32)
    assert sklon.finfo(sklon.float32).eps == np.finfo(np.float32).eps and sklon.iinfo("int32").max == 2**31 - 1


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: sklon.arange(0, 1, 0), "never end"),
        (lambda: sklon.linspace(0, 1, -1), "at least 0"),
        (lambda: sklon.randint(3, 3), "no whole number"),
        (lambda: sklon.isdtype(sklon.float32, "real"), "no kind 'real'"),
        (lambda: sklon.meshgrid(sklon.ones(2, 2)), "takes lists"),
    ],
)
def test_errors_teach(make: object, message: str) -> None:
    with pytest.raises(InputError, match=message):
        make()  # type: ignore[operator]
