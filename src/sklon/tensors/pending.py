"""The tensors that somebody holds and nobody has computed: what one program computes together.

They are held weakly and in the order in which they were recorded, so that equal loops make equal programs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import ref

from . import values

if TYPE_CHECKING:
    from .tensor import Tensor

#: so many entries are always kept; more are looked through, and those that died are dropped
FEW = 256


class Pending:
    """The list; a tensor may stand in it more than once."""

    def __init__(self) -> None:
        self._refs: list[ref[Tensor]] = []
        self._limit = FEW

    def add(self, tensor: Tensor) -> None:
        """Note a tensor that has no value yet."""
        self._refs.append(ref(tensor))
        if len(self._refs) > self._limit:
            self.settle()
            self._limit = FEW + 2 * len(self._refs)

    def tensors(self) -> list[Tensor]:
        """Those that are still held and still unknown, each once."""
        return self._alive(self._refs[:])

    @staticmethod
    def _alive(refs: list[ref[Tensor]]) -> list[Tensor]:
        found = {id(t): t for r in refs if (t := r()) is not None and not values.is_known(t._node)}
        return list(found.values())

    def settle(self) -> None:
        """Drop what was computed and what nobody holds any more; other threads may go on recording."""
        seen = len(self._refs)
        self._refs[:seen] = [ref(tensor) for tensor in self._alive(self._refs[:seen])]

    def clear(self) -> None:
        """Forget all."""
        self._refs = []

    def __len__(self) -> int:
        return len(self.tensors())


pending = Pending()
