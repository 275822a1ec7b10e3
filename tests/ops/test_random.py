"""Random bits: the published known answers, and the same bits from NumPy and from compiled code."""

from __future__ import annotations

import numpy as np
import pytest

from sklon._base.dtypes import uint32
from sklon._base.philox import permutation, permutations, philox, uniform
from sklon._base.shapes import N, Shape, concrete
from sklon.compiler.executable import compile_graph
from sklon.graph.node import Graph, slot
from sklon.ops import BUILD as b
from tests.compiler.targets import NARROWER, narrower
from tests.executors import Trial, compiled

Words = tuple[int, ...]

#: counter, key, result: the file of known answers of Random123 (kat_vectors, philox4x32 10)
KNOWN: tuple[tuple[Words, Words, Words], ...] = (
    ((0,) * 4, (0,) * 2, (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((0xFFFFFFFF,) * 4, (0xFFFFFFFF,) * 2, (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
)


@pytest.mark.parametrize(("counter", "key", "expected"), KNOWN)
def test_known_answers(counter: Words, key: Words, expected: Words) -> None:
    c0, c1, c2, c3 = counter
    assert tuple(int(w) for w in philox((c0, c1, c2, c3), (key[0], key[1]))) == expected


def test_compiled_code_draws_the_known_bits() -> None:
    """Elements 0, 16, 32 and 48 read the four words of the first counter."""
    counter, key, expected = KNOWN[0]
    nodes = [slot(f"x{i}", "state", (N,), uint32) for i in range(6)]
    graph = Graph((("y", b.random_bits(*nodes)),))
    columns = [np.arange(0, 64, 16), *(np.full(4, w) for w in (*counter[1:], *key))]
    bound = {f"x{i}": np.ascontiguousarray(column, np.uint32) for i, column in enumerate(columns)}
    trial = Trial(graph, 4, (4,), bound, np.zeros(4, np.int32), np.zeros((1, 0)))
    assert compiled(trial, compile_graph(graph, 4)).outputs[0]["y"].tolist() == list(expected)


@pytest.mark.parametrize("target", [None, *NARROWER])
@pytest.mark.parametrize("shape", [(N, 1), (N, 16), (N, 63), (N, 64), (N, 65), (N, 200), (N, 5, 64), (N, 3, 7)])
def test_each_element_draws_its_own_word(shape: Shape, target: str | None) -> None:
    """However many elements a loop draws for at a time: the number of an element alone tells its bits."""
    rows, words = 5, (7, 3, 11, 13)
    step, stream, low, high = (b.full(w, shape, uint32) for w in words)
    element = b.iota(axis=len(shape) - 1, shape=shape, dtype=uint32)
    if len(shape) == 3:
        element = b.add(
            element, b.mul(b.iota(axis=1, shape=shape, dtype=uint32), b.full(int(str(shape[2])), shape, uint32))
        )
    bits = b.random_bits(element, b.iota(axis=0, shape=shape, dtype=uint32), step, stream, low, high)
    graph = Graph((("y", bits),))
    trial = Trial(graph, rows, (rows,), {}, np.zeros(rows, np.int32), np.zeros((1, 0)))
    found = compiled(trial, compile_graph(graph, rows, narrower(target) if target else None)).outputs[0]["y"]
    e = np.arange(int(np.prod(concrete(shape[1:], rows))))
    drawn = philox((e // 64 * 16 + e % 16, np.arange(rows)[:, None], words[0], words[1]), (words[2], words[3]))
    expected = np.choose(e // 16 % 4, drawn)
    assert (found.reshape(rows, -1) == expected).all()


def test_numbers_lie_in_the_unit_interval() -> None:
    numbers = uniform((100_000,), seed=1, stream=2)
    assert numbers.min() >= 0 and numbers.max() < 1
    assert abs(numbers.mean() - 0.5) < 0.005 and abs(numbers.var() - 1 / 12) < 0.001


@pytest.mark.parametrize(("n", "seed", "stream"), [(1, 0, 0), (2, 5, 0), (150, 2**63 + 7, 0), (1000, 3, 1 << 32)])
def test_orders_of_several_epochs_are_those_of_numpys_generators(n: int, seed: int, stream: int) -> None:
    """Each order sorts the words of a generator of NumPy's own; their lowest bits give way to the number of the row."""
    found = permutations(n, seed=seed, epochs=range(2, 7), stream=stream)
    for epoch, order in zip(range(2, 7), found, strict=True):
        counter, key = np.array([0, 0, epoch, stream], np.uint64), np.array([seed, 0], np.uint64)
        words = np.asarray(np.random.Philox(counter=counter, key=key).random_raw(n), np.uint64)
        bits = np.uint64(max(1, (n - 1).bit_length()))
        np.testing.assert_array_equal(order, np.argsort(words >> bits, kind="stable"))
        np.testing.assert_array_equal(order, permutation(n, seed=seed, epoch=epoch, stream=stream))


def test_orders_are_permutations_that_differ_by_epoch_and_seed() -> None:
    orders = [permutation(1000, seed=s, epoch=e) for s, e in ((0, 0), (0, 1), (1, 0))]
    for order in orders:
        assert sorted(order.tolist()) == list(range(1000))
    assert len({o.tobytes() for o in orders}) == 3
    assert permutation(1000, seed=0, epoch=0).tobytes() == orders[0].tobytes()
