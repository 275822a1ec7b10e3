"""The server of the lab's page: one socket on the loopback, an application behind the guard, an end within a second."""

from __future__ import annotations

import gc
import os
import socket
from collections.abc import Callable
from contextlib import suppress

import uvicorn

from sklon._base.errors import InputError
from sklon.lab.text import Language

from .guard import LOOPBACK, Guard

#: where the page stands unless something else does
PORT = 8733
#: ports tried after a busy one
MORE_PORTS = 20
LAST_PORT = 65535
#: seconds for answers under way when the server ends
FAREWELL = 1


def serve(language: Language, *, port: int = PORT, ready: Callable[[str, int], None] | None = None) -> None:
    """Show the page until Ctrl-C; ``ready`` is told its address and port when a browser can open it.

    ``language`` is for browsers that ask for none of ours. InputError if no port is free.
    """
    from .application import application

    with listening(port) as bound:
        chosen = int(bound.getsockname()[1])
        server = _Server(_settings(Guard(application(language), chosen)))
        if ready is not None:
            server.ready = lambda: ready(f"http://{LOOPBACK}:{chosen}/", chosen)
        with suppress(KeyboardInterrupt):  # uvicorn raises it again when all is closed
            server.run(sockets=[bound])


def listening(port: int) -> socket.socket:
    """A socket that listens on the loopback: at ``port``, or at the next free one; 0 takes any.

    >>> with listening(0) as bound:
    ...     bound.getsockname()[0]
    '127.0.0.1'
    """
    if not 0 <= port <= LAST_PORT:
        raise InputError(f"a port is a number from 0 to {LAST_PORT}, not {port}")
    for candidate in range(port, min(port + MORE_PORTS, LAST_PORT) + 1):
        bound = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if os.name == "posix":  # elsewhere the option would let two servers share the port
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            bound.bind((LOOPBACK, candidate))
            bound.listen()
        except OSError:
            bound.close()
        else:
            return bound
    raise InputError(f"ports {port} to {candidate} are busy; give --port another number")


class _Server(uvicorn.Server):
    """uvicorn's server, which says when it answers."""

    ready: Callable[[], None] | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        gc.collect()
        gc.freeze()  # what is there now stays: to look through all of it again would hold every reader up
        if self.ready is not None and self.started:
            self.ready()


def _settings(application: Guard) -> uvicorn.Config:
    return uvicorn.Config(
        application,
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=FAREWELL,
        lifespan="on",
    )
