"""A bounded store: what was asked for lately stays, what nobody asks for goes."""

from __future__ import annotations

from typing import Generic, TypeVar

from .locks import Lock

Key = TypeVar("Key")
Value = TypeVar("Value")


class _Entry(Generic[Value]):
    """A value, and whether somebody asked for it since it was last passed over."""

    __slots__ = ("asked", "value")

    def __init__(self, value: Value) -> None:
        self.value = value
        self.asked = False


class Store(Generic[Key, Value]):
    """Up to ``size`` values by key. A full one drops the oldest entry that was not asked for since it came up last.

    A look costs one hash of the key, as keys are long: that is why no order of use is kept.

    >>> store = Store(2)
    >>> for key in "abc":
    ...     store.put(key, key.upper())
    ...     found = store.get("a")
    >>> store.get("a"), store.get("b"), store.get("c"), len(store)
    ('A', None, 'C', 2)
    """

    def __init__(self, size: int) -> None:
        self.size = size
        self._entries: dict[Key, _Entry[Value]] = {}
        self._turn = Lock()  # of those who put

    def get(self, key: Key) -> Value | None:
        """The value of a key, or None."""
        entry = self._entries.get(key)
        if entry is None:
            return None
        entry.asked = True
        return entry.value

    def put(self, key: Key, value: Value) -> None:
        """Keep a value."""
        with self._turn:
            while len(self._entries) >= self.size and key not in self._entries:
                oldest = next(iter(self._entries))
                entry = self._entries.pop(oldest)
                if entry.asked:
                    entry.asked = False
                    self._entries[oldest] = entry
            self._entries[key] = _Entry(value)

    def clear(self) -> None:
        """Forget all."""
        self._entries.clear()

    def __len__(self) -> int:
        return len(self._entries)
