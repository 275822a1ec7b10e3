"""Which layer made a node: its path in the model, or the loss.

While a model is recorded, hooks around each module's forward say where the recording is; nodes are stamped with it, and
the nodes of the backward pass take the stamp of those that they differentiate. Nothing is left behind in the model.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

from sklon._base.source import naming_places

from .module import Module

#: the place of what no module of the model made; no path of a module is written like it
LOSS = "(loss)"


@contextmanager
def naming_layers(model: Module) -> Iterator[None]:
    """Stamp what is recorded inside with the path of its module; a shared module has its first path."""
    with ExitStack() as stack:
        places = stack.enter_context(naming_places(LOSS))
        for path, module in model.named_modules():
            handles = (
                module.register_forward_pre_hook(_entering(places, path)),
                module.register_forward_hook(_leaving(places, path)),
            )
            for handle in handles:
                stack.callback(handle.remove)
        yield


def _entering(places: list[str], path: str) -> Callable[..., None]:
    def hook(module: Module, inputs: tuple[Any, ...]) -> None:
        places.append(path)

    return hook


def _leaving(places: list[str], path: str) -> Callable[..., None]:
    def hook(module: Module, inputs: tuple[Any, ...], output: Any) -> None:
        while places.pop() != path:  # a forward that raised, where its caller went on, left its path
            pass

    return hook
