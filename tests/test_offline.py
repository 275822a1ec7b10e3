"""The guard of the tests themselves: what tries to leave the machine is stopped before a packet is sent."""

from __future__ import annotations

import socket

import pytest

ELSEWHERE = ("192.0.2.1", 80)  # an address reserved for documentation (RFC 5737)


def test_connecting_elsewhere_is_refused() -> None:
    with socket.socket() as out, pytest.raises(RuntimeError, match="do not use the network"):
        out.connect(ELSEWHERE)


def test_this_machine_can_be_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()
