"""An entry comes back as it was; cut, lengthened, with any bit turned or under another key it is none."""

from __future__ import annotations

import hashlib
import struct

import pytest

from benchmarks.networks import Perceptron
from sklon.compiler import native
from sklon.compiler.disk.entry import Entry, packed, unpacked
from sklon.compiler.executable import machine_code
from sklon.compiler.pipeline import Settings, compile_program
from sklon.program.text import parse_program

from ...program.example import SOUND

KEY = bytes(range(32))
ENTRY = Entry(parse_program(SOUND), b"\x7fELF\0not really")


@pytest.mark.parametrize("rule", ["sgd", "adam"])
@pytest.mark.parametrize("loss", ["binary", "classes"])
def test_programs_of_networks_come_back(loss: str, rule: str) -> None:
    graph = Perceptron((32, 17, 1 if loss == "binary" else 3), loss, rule).graph()
    program = compile_program(graph, Settings(64, native.host()))
    entry = Entry(program, machine_code(program, native.host()))
    assert unpacked(KEY, packed(KEY, entry)) == entry


def test_any_bit_that_is_turned_is_seen() -> None:
    data = packed(KEY, ENTRY)
    assert unpacked(KEY, data) == ENTRY
    for place in range(len(data)):
        turned = bytearray(data)
        turned[place] ^= 1 << place % 8
        assert unpacked(KEY, bytes(turned)) is None


def test_what_is_cut_or_lengthened_is_seen() -> None:
    data = packed(KEY, ENTRY)
    assert all(unpacked(KEY, data[:length]) is None for length in range(len(data)))
    assert unpacked(KEY, data + b"\0") is None


def test_an_entry_under_another_key_is_none() -> None:
    assert unpacked(bytes(32), packed(KEY, ENTRY)) is None


def test_another_version_of_the_format_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sklon.compiler.disk.entry.VERSION", 2)
    data = packed(KEY, ENTRY)
    monkeypatch.undo()
    assert unpacked(KEY, data) is None


@pytest.mark.parametrize("text", [b"no program", b"\xff", b""])
def test_an_intact_file_without_a_program_is_none(text: bytes) -> None:
    payload = struct.pack(">Q", len(text)) + text
    head = struct.pack(">8sI32sQ32s", b"sklon\0mc", 1, KEY, len(payload), hashlib.sha256(payload).digest())
    assert unpacked(KEY, head + payload) is None
