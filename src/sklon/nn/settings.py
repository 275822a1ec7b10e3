"""What a recording of ``forward`` depends on: the settings of a module, as a jitted function compares them.

Each change is counted, so that nothing is compared as long as no module changed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sklon.tensors import tracing
from sklon.tensors.watching import Same, can_change, frozen

#: what ``Module.__init__`` makes; a module without it is half finished
TABLES = ("_parameters", "_buffers", "_modules", "_forward_hooks", "_forward_pre_hooks")


class Noted:
    """A module as a jitted function sees it: see :class:`sklon.tensors.watching.Watched`."""

    def _noted(self) -> None:
        """Note the settings before they change, if a jitted function changes them, and that they change."""
        trace = tracing.current()
        if trace is not None:
            trace.watch(self)

    def fingerprint(self) -> dict[str, Any]:
        """All settings, and which parts and hooks there are: what a recording of ``forward`` may depend on."""
        own = self.__dict__
        found = {name: frozen(value) for name, value in own.items() if name not in TABLES}
        return found | {f"{table}.{name}": Same(part) for table in TABLES for name, part in own[table].items()}

    def loose(self) -> list[Any]:
        """Settings that may change without notice: lists, dictionaries."""
        return [v for name, v in self.__dict__.items() if name not in (*TABLES, "_transient") and can_change(v)]

    def keep(self) -> Callable[[], None]:
        """What makes all settings again what they are now."""
        own = dict(self.__dict__)
        tables = {name: dict(own[name]) for name in TABLES}

        def restore() -> None:
            tracing.settings.changes += 1
            self.__dict__.clear()
            self.__dict__.update(own)
            for name, table in tables.items():
                own[name].clear()
                own[name].update(table)

        return restore
