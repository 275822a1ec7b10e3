"""The format of an entry: a header that says what follows and proves it, then a program and its machine code.

::

    magic     8 bytes   b"sklon\\0mc"
    version   4 bytes   of this format
    key      32 bytes   of the program: an entry under another's name is none
    length    8 bytes   of the payload
    digest   32 bytes   SHA-256 of the payload
    payload             8 bytes: the length of the text; the text of the program, UTF-8; the machine code

Numbers are big-endian. The digest finds damage; against intention stand the permissions, see ``folder``.
"""

from __future__ import annotations

import hashlib
import struct
from dataclasses import dataclass

from sklon.program.ir import Program
from sklon.program.text import parse_program, print_program

MAGIC = b"sklon\0mc"
VERSION = 1
_HEADER = struct.Struct(">8sI32sQ32s")
_LENGTH = struct.Struct(">Q")


@dataclass(frozen=True, slots=True)
class Entry:
    """A program, and the object file of its machine code."""

    program: Program
    code: bytes


def packed(key: bytes, entry: Entry) -> bytes:
    """The bytes of a file."""
    text = print_program(entry.program).encode()
    payload = _LENGTH.pack(len(text)) + text + entry.code
    return _HEADER.pack(MAGIC, VERSION, key, len(payload), hashlib.sha256(payload).digest()) + payload


def unpacked(key: bytes, data: bytes) -> Entry | None:
    """The entry in a file; None where it is damaged, of another format or of another program."""
    if len(data) < _HEADER.size + _LENGTH.size:
        return None
    payload = data[_HEADER.size :]
    if data[: _HEADER.size] != _HEADER.pack(MAGIC, VERSION, key, len(payload), hashlib.sha256(payload).digest()):
        return None
    end = _LENGTH.size + _LENGTH.unpack_from(payload)[0]
    try:
        return Entry(parse_program(payload[_LENGTH.size : end].decode()), payload[end:])
    except (ValueError, TypeError, LookupError, SyntaxError):  # intact, and yet no program
        return None
