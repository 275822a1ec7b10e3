"""Who is answered: our own page on this machine, and nobody else, by whatever way they come."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from sklon.lab.page.guard import Guard, Message, Receive, Send, allowed, policy

PORT = 8733
OURS = [(b"host", b"127.0.0.1:8733")]


def fetched(site: str, mode: str, destination: str) -> list[tuple[bytes, bytes]]:
    """What a browser says of a request."""
    return [
        (b"sec-fetch-site", site.encode()),
        (b"sec-fetch-mode", mode.encode()),
        (b"sec-fetch-dest", destination.encode()),
    ]


FOREIGN = {
    "a picture in another page": [*OURS, *fetched("cross-site", "no-cors", "image")],
    "a picture in a page at another port": [*OURS, *fetched("same-site", "no-cors", "image")],
    "a frame in another page": [*OURS, *fetched("cross-site", "navigate", "iframe")],
    "a program in another page": [*OURS, *fetched("cross-site", "cors", "empty")],
    "another page that says nothing more": [*OURS, (b"sec-fetch-site", b"cross-site")],
    "ours and another's": [*OURS, (b"sec-fetch-site", b"same-origin"), (b"sec-fetch-site", b"cross-site")],
    "no host": [],
    "another name": [(b"host", b"evil.example:8733")],
    "a name that resembles ours": [(b"host", b"127.0.0.1.evil.example:8733")],
    "another port": [(b"host", b"127.0.0.1:80")],
    "no port": [(b"host", b"127.0.0.1")],
    "a name with a user": [(b"host", b"me@127.0.0.1:8733")],
    "two hosts": [*OURS, (b"host", b"evil.example:8733")],
    "ours twice": [*OURS, *OURS],
    "a foreign origin": [*OURS, (b"origin", b"http://evil.example")],
    "the origin of a file": [*OURS, (b"origin", b"null")],
    "another port's origin": [*OURS, (b"origin", b"http://127.0.0.1:80")],
    "our origin over TLS": [*OURS, (b"origin", b"https://127.0.0.1:8733")],
    "a foreign origin after ours": [*OURS, (b"origin", b"http://127.0.0.1:8733"), (b"origin", b"http://evil.example")],
}
WELCOME = {
    "from our page, with the way": [*OURS, *fetched("same-origin", "cors", "empty")],
    "a socket of our page": [
        *OURS,
        (b"origin", b"http://127.0.0.1:8733"),
        *fetched("cross-site", "websocket", "empty"),
    ],
    "the address was typed": [*OURS, *fetched("none", "navigate", "document")],
    "a link elsewhere that was followed": [*OURS, *fetched("cross-site", "navigate", "document")],
    "a link at another port that was followed": [*OURS, *fetched("same-site", "navigate", "document")],
    "by number": OURS,
    "by name": [(b"host", b"localhost:8733")],
    "from our page": [*OURS, (b"origin", b"http://127.0.0.1:8733")],
    "from our page by its other name": [*OURS, (b"origin", b"http://localhost:8733")],
}


async def _application(scope: Message, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-own", b"1")]})
        await send({"type": "http.response.body", "body": b"inside"})
    elif scope["type"] == "websocket":
        await send({"type": "websocket.accept"})
    else:
        await send({"type": "lifespan.startup.complete"})


def answers(scope: Message) -> list[Message]:
    """What the guarded application sends."""
    sent: list[Message] = []

    async def receive() -> Message:
        return {}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(Guard(_application, PORT)(scope, receive, send))
    return sent


@pytest.mark.parametrize("headers", FOREIGN.values(), ids=FOREIGN)
@pytest.mark.parametrize("path", ["/en/", "/_nicegui_ws/socket.io/"])
def test_strangers_get_403_and_do_not_reach_the_application(headers: list[Any], path: str) -> None:
    assert not allowed(headers, PORT)
    start, body = answers({"type": "http", "path": path, "headers": headers})
    assert start["status"] == 403 and b"inside" not in body["body"]
    closed = answers({"type": "websocket", "path": path, "headers": headers})
    assert [message["type"] for message in closed] == ["websocket.close"]


@pytest.mark.parametrize("headers", WELCOME.values(), ids=WELCOME)
def test_our_page_is_answered_with_our_headers(headers: list[Any]) -> None:
    start, body = answers({"type": "http", "path": "/", "headers": headers})
    given = dict(start["headers"])
    assert (start["status"], body["body"], given[b"x-own"]) == (200, b"inside", b"1")
    assert given[b"content-security-policy"] == policy(PORT).encode()
    assert given[b"x-content-type-options"] == b"nosniff"
    assert answers({"type": "websocket", "path": "/", "headers": headers}) == [{"type": "websocket.accept"}]


def test_start_and_end_of_the_server_pass() -> None:
    assert answers({"type": "lifespan"}) == [{"type": "lifespan.startup.complete"}]


def test_the_policy_names_no_place_but_ours() -> None:
    places = [word for rule in policy(PORT).split(";") for word in rule.split()[1:] if not word.startswith("'")]
    assert {place for place in places if not place.startswith(("ws://127.0.0.1:8733", "ws://localhost:8733"))} == {
        "data:",
        "blob:",
    }


def test_at_the_port_of_http_a_browser_names_none() -> None:
    plain = [(b"host", b"localhost"), (b"origin", b"http://localhost")]
    assert allowed(plain, 80) and allowed([(b"host", b"127.0.0.1:80")], 80)
    assert not allowed(plain, PORT)
    assert not allowed([plain[0], (b"origin", b"http://evil.example")], 80)
