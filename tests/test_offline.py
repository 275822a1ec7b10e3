"""The guard of the tests themselves: what tries to leave the machine is stopped before a packet is sent."""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ELSEWHERE = ("192.0.2.1", 80)  # an address reserved for documentation (RFC 5737)


def test_connecting_elsewhere_is_refused() -> None:
    with socket.socket() as out, pytest.raises(RuntimeError, match="do not use the network"):
        out.connect(ELSEWHERE)


def test_this_machine_can_be_reached() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server, socket.create_connection(server.getsockname()) as client:
        assert client.getpeername() == server.getsockname()


WITHOUT_SOCKETS = """
import socket

def refuse(*_, **__):
    raise RuntimeError("a socket was asked for")

socket.socket.__init__ = socket.create_connection = socket.getaddrinfo = refuse

from sklon.cli import main

short = ["--epochs", "1", "--hidden", "4", "--threads", "1", "--out", "run"]
lines = [["train", "t.csv", "--target", "y", *short], ["predict", "run", "t.csv", "-o", "p.csv"],
         ["evaluate", "run", "t.csv"], ["show", "run"]]
for words in lines:
    try:
        main(words)
    except SystemExit as end:
        assert not end.code, (words, end.code)
"""
NO_NETWORK = ["unshare", "--map-root-user", "--net"]
"""Runs a program where there is no network at all, not even for code that is not Python."""


def _has_namespaces() -> bool:
    return (
        shutil.which("unshare") is not None
        and not subprocess.run([*NO_NETWORK, "true"], capture_output=True).returncode
    )


@pytest.mark.parametrize("network", ["blocked in Python", "absent"])
def test_the_commands_need_no_network(network: str, tmp_path: Path) -> None:
    if network == "absent" and not _has_namespaces():
        pytest.skip("this system cannot take the network away from a program")
    rows = [f"{i % 13},{'yes' if i % 13 > 6 else 'no'}" for i in range(80)]
    (tmp_path / "t.csv").write_text("\n".join(["x,y", *rows]), encoding="utf-8")
    before = NO_NETWORK if network == "absent" else []
    program = [*before, sys.executable, "-c", WITHOUT_SOCKETS]
    done = subprocess.run(program, cwd=tmp_path, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "p.csv").read_text(encoding="utf-8").count("\n") == 81
