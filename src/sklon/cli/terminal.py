"""How a command talks and how it ends: what goes to which stream, and the exit code.

::

    0    done
    1    a bug of ours (a traceback only with SKLON_DEBUG=1)
    2    bad input or usage
    130  interrupted, with a usable result
"""

from __future__ import annotations

import json
import os
import re
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from math import isfinite
from shutil import get_terminal_size
from typing import Any, TypeVar

import typer

from sklon._base.columns import WIDTH
from sklon._base.errors import InputError, InterpretedWarning

DONE, BUG, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130

#: what characters of ours become where they cannot be written
PLAIN = str.maketrans(
    {
        **dict.fromkeys("–—−", "-"),
        **{"…": "...", "·": "*", "×": "x", "±": "+-", "→": "->", "∞": "inf", "√": "sqrt", "π": "pi", "⋅": "*"},
        **{"∂": "d", "∇": "grad ", "′": "'", "″": "''", "‖": "|", "≤": "<=", "≥": ">=", "≠": "!=", "≈": "~"},
        **{subscript: str(digit) for digit, subscript in enumerate("₀₁₂₃₄₅₆₇₈₉")},
        **{"₊": "+", "₋": "-"},
    }
)
RAISED = {superscript: plain for superscript, plain in zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-", strict=True)}

#: characters in a line of the narrowest terminal for which sentences are broken
NARROWEST = 20

Command = TypeVar("Command", bound=Callable[..., Any])


@dataclass(frozen=True, slots=True)
class Terminal:
    """The two streams of a command, and what may be written to them."""

    quiet: bool
    json: bool

    @property
    def progress(self) -> bool:
        """Whether someone watches standard error."""
        return not self.quiet and sys.stderr.isatty()

    @property
    def width(self) -> int:
        """Characters in a line of standard output; what is no terminal has as many as sentences need."""
        return max(get_terminal_size((WIDTH, 0)).columns, NARROWEST) if sys.stdout.isatty() else WIDTH

    def tell(self, sentence: str) -> None:
        """Say something on standard error, unless quiet."""
        if not self.quiet:
            print(encodable(sentence, sys.stderr), file=sys.stderr)

    def result(self, value: Mapping[str, Any], *sentences: str) -> None:
        """The result on standard output: one JSON object, or sentences."""
        lines = [json.dumps(strict(value), ensure_ascii=False, allow_nan=False)] if self.json else sentences
        for line in lines:
            print(encodable(line, sys.stdout))


def strict(value: Any) -> Any:
    """``value`` with None for numbers that JSON does not have.

    >>> strict({"loss": [1.0, float("nan")]})
    {'loss': [1.0, None]}
    """
    if isinstance(value, Mapping):
        return {name: strict(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [strict(one) for one in value]
    return None if isinstance(value, float) and not isfinite(value) else value


def encodable(text: str, stream: Any) -> str:
    """``text`` with what the stream cannot encode replaced, so that printing never fails.

    >>> import io
    >>> encodable("R² = −0.5 ± 1 – ∂f/∂x", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    'R^2 = -0.5 +- 1 - df/dx'
    """
    encoding = getattr(stream, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
        return text
    except UnicodeEncodeError:
        plain = _without_raised(text).translate(PLAIN)
        return plain.encode(encoding, errors="replace").decode(encoding)


def _without_raised(text: str) -> str:
    """x¹² as x^12."""
    return re.sub(f"[{''.join(RAISED)}]+", lambda found: "^" + "".join(RAISED[c] for c in found[0]), text)


def guarded(command: Command) -> Command:
    """The command with every way to fail turned into one line on standard error and an exit code."""

    @wraps(command)
    def run(*args: Any, **kwargs: Any) -> None:
        try:
            with _plain_warnings(quiet=kwargs.get("quiet", False)):
                command(*args, **kwargs)
            sys.stdout.flush()
        except InputError as error:
            _end(f"error: {_written(str(error))}", BAD_INPUT)
        except KeyboardInterrupt as error:
            _end(str(error) or "interrupted; nothing was written", INTERRUPTED)
        except BrokenPipeError:
            _close_output()
        except OSError as error:
            if os.environ.get("SKLON_DEBUG") == "1":
                raise
            _close_output()
            where = f" at {error.filename}" if error.filename else ""
            _end(f"error: the system says {error.strerror or error}{where}", BAD_INPUT)
        except (typer.Exit, typer.Abort, SystemExit):
            raise
        except Exception as error:
            if os.environ.get("SKLON_DEBUG") == "1":
                raise
            kind = type(error).__name__
            _end(f"a bug in sklon: {kind}: {error} (SKLON_DEBUG=1 shows where; please report it)", BUG)

    return run  # type: ignore[return-value]


def _written(message: str) -> str:
    """One line; but lines of which one points at a place in another stay as they are."""
    lines = message.splitlines()
    return message if any(line.strip() == "^" for line in lines) else " ".join(message.split())


@contextmanager
def _plain_warnings(*, quiet: bool) -> Iterator[None]:
    """What is slower than it need be is said in one line, without the place in our code that Python adds."""
    before = warnings.showwarning

    def show(message: Warning | str, category: type[Warning], *place: Any, **more: Any) -> None:
        if not issubclass(category, InterpretedWarning):
            before(message, category, *place, **more)
        elif not quiet:
            print(encodable(f"note: {message}", sys.stderr), file=sys.stderr)

    with warnings.catch_warnings():
        warnings.showwarning = show
        yield


def _end(sentence: str, code: int) -> None:
    print(encodable(sentence, sys.stderr), file=sys.stderr)
    raise typer.Exit(code)


def _close_output() -> None:
    """Whoever read the results has gone; keep Python from complaining about it at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
