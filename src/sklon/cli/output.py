"""Where results are written: a file that appears whole, a device or pipe, or standard output.

Predictions are data, so they are UTF-8 with plain line ends wherever they go, whatever the terminal can show.
"""

from __future__ import annotations

import io
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from sklon._base.errors import InputError


def check_output(output: Path | None, source: Path | None, what: str = "the table") -> None:
    """An error if a result would take the place of a folder, or of the file that it was made from (``what``)."""
    if output is None or not output.exists():
        return
    if output.is_dir():
        raise InputError(f"{output} is a folder; give --output the name of a file in it")
    if source is not None and source.exists() and output.samefile(source):
        raise InputError(f"{output} is {what} itself; give --output another name, so that {what} is kept")


def check_picture(output: Path) -> None:
    """An error if a picture cannot be written there, or if there is nothing to draw with."""
    from sklon._base.canvas import can_draw
    from sklon._base.picture import FORMATS

    if output.suffix.lower() not in FORMATS:
        raise InputError(
            f"a picture is written as {' or '.join(FORMATS)}, not {output.name!r}; give --plot picture.svg"
        )
    if output.is_dir():
        raise InputError(f"{output} is a folder; give --plot the name of a file in it")
    if not can_draw():
        raise InputError("pictures need matplotlib; pip install 'sklon[calculus]' brings it")


@contextmanager
def opened(output: Path | None) -> Iterator[TextIO]:
    """A text file to write to; a regular one takes its place only when the block ends well."""
    from sklon.runs.folder import replacing

    if output is None:
        yield _plain_stdout()
    elif output.exists() and not output.is_file():
        with _device(output) as file:
            yield file
    else:
        with replacing(output) as file:
            yield file


@contextmanager
def placed(output: Path) -> Iterator[Path]:
    """The path of a file to write, which takes the place of ``output`` when the block ends well."""
    with tempfile.TemporaryDirectory(dir=_folder_of(output), prefix=f".{output.name}-") as folder:
        path = Path(folder, output.name)
        yield path
        path.replace(output)


def _folder_of(output: Path) -> Path:
    if output.parent.is_dir():
        return output.parent
    raise InputError(f"{output} cannot be written: there is no folder {output.parent}")


def _device(output: Path) -> TextIO:
    try:
        return output.open("w", encoding="utf-8", newline="")
    except OSError as error:
        raise InputError(f"{output} cannot be written: {error.strerror}") from error


def _plain_stdout() -> TextIO:
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", newline="\n")
    return sys.stdout
