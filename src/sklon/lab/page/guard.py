"""Who may talk to the lab's page: a browser on this machine that shows this page, and nobody else.

The server listens on the loopback only. That alone does not keep other pages out: a page from anywhere may point a name
of its own at 127.0.0.1, or send requests across. So ``Host`` must be ours exactly, and ``Origin``, where it is given,
too; for requests, polling and WebSockets alike. Where there is no ``Origin``, a browser says which page a request comes
from: another page may lead a reader here, but load nothing of ours within itself. Every answer forbids the browser to
fetch anything from elsewhere.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from dataclasses import dataclass
from typing import Any, TypeAlias

Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Message, Receive, Send], Awaitable[None]]
Header: TypeAlias = tuple[bytes, bytes]

LOOPBACK = "127.0.0.1"
#: the port that no address has to name
HTTP = 80
#: names by which a browser on this machine may call us
NAMES = (LOOPBACK, "localhost")
#: what a browser says of where a request comes from, how, and what for; and the places that may ask for anything
SITE, MODE, DESTINATION = b"sec-fetch-site", b"sec-fetch-mode", b"sec-fetch-dest"
OWN_SITES = (b"same-origin", b"none")
REFUSED = b"This page answers only to a browser on the machine on which it runs.\n"


@dataclass(frozen=True, slots=True)
class Guard:
    """An application behind the rule; whatever breaks it gets 403 and never reaches the application."""

    application: Application
    port: int

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        """One request, one WebSocket, or the start and end of the server."""
        if scope["type"] == "lifespan":
            await self.application(scope, receive, send)
        elif allowed(scope.get("headers", ()), self.port):
            await self.application(scope, receive, _protected(send, self.port))
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})  # before it is accepted: the server answers 403
        else:
            await _refuse(send)


def allowed(headers: Iterable[Header], port: int) -> bool:
    """Whether exactly one ``Host`` is ours, and every ``Origin``; without one, no other page may load it within itself.

    >>> allowed([(b"host", b"127.0.0.1:8080")], 8080), allowed([(b"host", b"evil.example:8080")], 8080)
    (True, False)
    """
    given = list(headers)
    hosts = [value for name, value in given if name == b"host"]
    origins = [value for name, value in given if name == b"origin"]
    ours = len(hosts) == 1 and hosts[0] in _hosts(port) and all(origin in _origins(port) for origin in origins)
    return ours and (bool(origins) or _led_here(given))


def _led_here(given: list[Header]) -> bool:
    """Whether our own page asks, the reader, or a link from elsewhere that opens here: what is loaded in a page is not.

    What is no browser, and an old one, says nothing (W3C, Fetch Metadata Request Headers).
    """
    said = {name: [value for n, value in given if n == name] for name in (SITE, MODE, DESTINATION)}
    if all(site in OWN_SITES for site in said[SITE]):
        return True
    return said[MODE] == [b"navigate"] and said[DESTINATION] == [b"document"]


def policy(port: int) -> str:
    """The content security policy: everything comes from this server, and goes to it.

    NiceGUI starts from scripts within the page and compiles its templates in the browser, so both have to be allowed;
    what they may load or reach is still only this server.
    """
    sockets = " ".join(f"ws://{name}:{port}" for name in NAMES)
    return (
        "default-src 'none'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
        f"img-src 'self' data: blob:; font-src 'self'; connect-src 'self' {sockets}; manifest-src 'self'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )


def _hosts(port: int) -> set[bytes]:
    """Our names; a browser leaves the port of HTTP away."""
    return {f"{name}:{port}".encode() for name in NAMES} | {name.encode() for name in NAMES if port == HTTP}


def _origins(port: int) -> set[bytes]:
    return {b"http://" + host for host in _hosts(port)}


def _protected(send: Send, port: int) -> Send:
    """``send``, with our headers on every answer."""
    added: list[Header] = [
        (b"content-security-policy", policy(port).encode()),
        (b"x-content-type-options", b"nosniff"),
        (b"referrer-policy", b"no-referrer"),
        (b"cross-origin-opener-policy", b"same-origin"),
        (b"cross-origin-resource-policy", b"same-origin"),
    ]

    async def protected(message: Message) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *added]}
        await send(message)

    return protected


async def _refuse(send: Send) -> None:
    headers: list[Header] = [(b"content-type", b"text/plain; charset=utf-8"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": REFUSED})
