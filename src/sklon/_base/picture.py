"""A picture as a value: notebooks show it, and it saves itself as SVG or PNG. No global figure is involved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from os import PathLike
from pathlib import Path
from typing import Any, TypeAlias

from .canvas import can_draw, canvas, for_file, for_notebook, png
from .errors import InputError

Draw: TypeAlias = Callable[[list[Any]], None]
FORMATS = (".svg", ".png")


@dataclass(frozen=True, kw_only=True)
class Picture:
    """What ``draw`` draws on axes, ``width`` × ``height`` inches together, in rows of these relative ``heights``.

    Raises InputError where there is nothing to draw with.
    """

    draw: Draw
    width: float
    height: float
    heights: tuple[float, ...] = (1.0,)
    columns: int = 1

    def __post_init__(self) -> None:
        if not can_draw():
            raise InputError("pictures need matplotlib; pip install 'sklon[table]' brings it")

    def save(self, path: str | PathLike[str]) -> Path:
        """Write the picture as a file, on white, and return its path; the name ends with .svg or .png."""
        file = Path(path)
        if file.suffix.lower() not in FORMATS:
            raise InputError(f"a picture is saved as {' or '.join(FORMATS)}, not {file.name!r}")
        if file.suffix.lower() == ".svg":
            file.write_text(self._repr_svg_(), encoding="utf-8")
        else:
            file.write_bytes(png(self.draw, self.width, self.height, self.columns, self.heights))
        return file

    @cached_property
    def _drawing(self) -> str:
        """SVG in stand-in colours."""
        with canvas(self.width, self.height, self.columns, self.heights) as (axes, drawings):
            self.draw(axes)
        return drawings[0]

    def _repr_svg_(self) -> str:
        return for_file(self._drawing)

    def _repr_html_(self) -> str:
        return for_notebook(self._drawing)
