"""The server as a process: where it listens, whom it answers, and how it ends."""

from __future__ import annotations

import http.client
import socket

import pytest

from sklon._base.errors import InputError
from sklon.lab.page.guard import LOOPBACK
from sklon.lab.page.server import LAST_PORT, listening
from tests.lab.page.conftest import Served, serve

POLLING = "/_nicegui_ws/socket.io/?EIO=4&transport=polling"
UPGRADE = {
    "Connection": "Upgrade",
    "Upgrade": "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
}
FOREIGN = {"host": {"Host": "evil.example:8733"}, "origin": {"Origin": "http://evil.example"}}


def status(served: Served, path: str, **headers: str) -> int:
    """The status of an answer."""
    connection = http.client.HTTPConnection(LOOPBACK, served.port)
    try:
        connection.request("GET", path, headers=headers)
        return connection.getresponse().status
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("asked", "language"), [("ru", "ru"), ("ru-RU,ru;q=0.9,en;q=0.8", "ru"), ("de, en;q=0.5", "en"), ("", "en")]
)
def test_the_door_leads_to_the_language_that_a_browser_asks_for(asked: str, language: str, served: Served) -> None:
    connection = http.client.HTTPConnection(LOOPBACK, served.port)
    connection.request("GET", "/", headers={"Accept-Language": asked})
    assert connection.getresponse().headers["Location"] == f"/{language}/"
    connection.close()


def test_what_is_not_there_is_not_found(served: Served) -> None:
    paths = ["/en/nothing", "/ru/batch-size/more", "/en/../secret", "/docs", "/openapi.json", "/xx/"]
    assert {path: status(served, path) for path in paths} == dict.fromkeys(paths, 404)


@pytest.mark.parametrize("headers", FOREIGN.values(), ids=FOREIGN)
def test_strangers_are_refused_by_every_way(headers: dict[str, str], served: Served) -> None:
    assert status(served, "/en/") == 200 and status(served, "/en/", **headers) == 403
    assert status(served, POLLING) == 200 and status(served, POLLING, **headers) == 403
    socket_path = POLLING.replace("polling", "websocket")
    assert status(served, socket_path, **UPGRADE) == 101 and status(served, socket_path, **UPGRADE, **headers) == 403


def test_only_the_loopback_is_bound() -> None:
    with listening(0) as bound:
        assert bound.getsockname()[0] == LOOPBACK


def test_a_busy_port_gives_way_to_the_next_free_one() -> None:
    with listening(0) as first:
        port = first.getsockname()[1]
        with listening(port) as second:
            assert port < second.getsockname()[1] <= port + 20


def test_a_port_that_is_none_is_refused() -> None:
    for port in (-1, LAST_PORT + 1):
        with pytest.raises(InputError, match="a port is a number"):
            listening(port)


def test_ports_that_are_all_busy_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    def busy(*_: object) -> None:
        raise OSError

    monkeypatch.setattr(socket.socket, "bind", busy)
    with pytest.raises(InputError, match="busy; give --port"):
        listening(8733)


def test_ctrl_c_ends_the_server_without_a_word(served: Served) -> None:
    other = serve("--port", str(served.port))
    assert other.port != served.port
    assert status(other, "/en/playground") == 200
    held = socket.create_connection((LOOPBACK, other.port))  # someone who does not let go
    assert other.end() == 0
    held.close()
    assert other.said == ""
