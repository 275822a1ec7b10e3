"""Random bits: Philox4x32-10, a counter-based generator.

The bits of one element are a pure function of (seed, element within its sample, position of the sample in
the effective batch, step, stream). So they depend on no order of evaluation: not on threads, micro-batches,
layouts, or where a run was resumed. Source: Salmon, Moraes, Dror, Shaw, *Parallel random numbers: as easy
as 1, 2, 3*, SC 2011.
"""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
from numpy.typing import NDArray

ROUNDS = 10
MULTIPLIERS = (0xD2511F53, 0xCD9E8D57)
WEYL = (0x9E3779B9, 0xBB67AE85)
_MASK = np.uint64(0xFFFFFFFF)
_WORD = 0xFFFFFFFFFFFFFFFF

Bits = NDArray[np.uint32]


def philox(counter: tuple[Any, Any, Any, Any], key: tuple[Any, Any]) -> tuple[Bits, Bits, Bits, Bits]:
    """Four words of 32 random bits for each counter; all arguments broadcast against each other."""
    c = [np.asarray(w).astype(np.uint64) & _MASK for w in counter]
    k = [np.asarray(w).astype(np.uint64) & _MASK for w in key]
    for _ in range(ROUNDS):
        first, second = (np.uint64(m) * w for m, w in zip(MULTIPLIERS, (c[0], c[2]), strict=True))
        c = [
            (second >> np.uint64(32)) ^ c[1] ^ k[0],
            second & _MASK,
            (first >> np.uint64(32)) ^ c[3] ^ k[1],
            first & _MASK,
        ]
        k = [(word + np.uint64(w)) & _MASK for word, w in zip(k, WEYL, strict=True)]
    a, b, x, y = (w.astype(np.uint32) for w in np.broadcast_arrays(*c))
    return a, b, x, y


def split_seed(seed: int) -> tuple[int, int]:
    """The two words of the key that a seed of up to 64 bits stands for."""
    return seed & 0xFFFFFFFF, (seed >> 32) & 0xFFFFFFFF


def permutation(n: int, *, seed: int, epoch: int, stream: int = 0) -> NDArray[np.int64]:
    """The order of ``n`` rows in an epoch: sorted by random bits, a word of 64 each, the lowest of which the row is.

    The words are those of NumPy's Philox4x64-10, whose streams NumPy keeps (NEP 19): sorting them is what an epoch over
    a small table costs.

    >>> permutation(5, seed=0, epoch=0).shape
    (5,)
    """
    order: NDArray[np.int64] = permutations(n, seed=seed, epochs=(epoch,), stream=stream)[0]
    return order


def permutations(n: int, *, seed: int, epochs: Collection[int], stream: int = 0) -> NDArray[np.int64]:
    """The same of several epochs at once: [epochs, n]."""
    words = np.empty((len(epochs), n), np.uint64)
    generator = np.random.Philox(key=np.array((seed & _WORD, 0), np.uint64))
    state: Any = generator.state  # a new generator for each epoch would take ten times as long
    for epoch, row in zip(epochs, words, strict=True):
        state["state"]["counter"] = np.array((0, 0, epoch, stream), np.uint64)
        generator.state = state
        row[:] = generator.random_raw(n)
    bits = np.uint64(max(1, (n - 1).bit_length()))  # of a row's number
    words >>= bits
    words <<= bits
    words |= np.arange(n, dtype=np.uint64)
    words.sort(axis=1)
    words &= (np.uint64(1) << bits) - np.uint64(1)
    return words.view(np.int64)


def uniform(shape: tuple[int, ...], *, seed: int, stream: int, step: int = 0) -> NDArray[np.float64]:
    """Numbers in [0, 1) with 53 random bits each."""
    n = int(np.prod(shape, dtype=np.int64))
    high, low, _, _ = philox((np.arange(n), 0xFFFFFFFE, step, stream), split_seed(seed))
    bits = (high.astype(np.uint64) << np.uint64(21)) ^ (low.astype(np.uint64) >> np.uint64(11))
    return (bits.astype(np.float64) * 2.0**-53).reshape(shape)
