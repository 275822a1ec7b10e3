"""What pictures are drawn on: axes in the house's style, and SVG as the result. The only importer of matplotlib.

A picture is drawn in stand-in colours which are then replaced: by CSS (``currentColor`` and the page's variables), so
that one picture serves light and dark pages, or by fixed colours for a file of its own. Text stays text. The same data
give the same bytes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any

INK, ACCENT, SECOND, GRID, PAPER = "#010101", "#020202", "#030303", "#040404", "#050505"
THIRD, FOURTH, FIFTH, SOFT = "#060606", "#070707", "#080808", "#090909"
TONES = (ACCENT, SECOND, THIRD, FOURTH, FIFTH, SOFT)
"""Colours by number: five that can be told apart, also by the colour-blind, and a soft one for what is not data."""

PAGE: Mapping[str, str] = {
    INK: "currentColor",
    ACCENT: "var(--accent)",
    SECOND: "var(--second)",
    THIRD: "var(--third)",
    FOURTH: "var(--fourth)",
    FIFTH: "var(--fifth)",
    SOFT: "var(--soft)",
    GRID: "var(--line)",
    PAPER: "var(--card)",
}
FILE: Mapping[str, str] = {
    INK: "#1d2328",
    ACCENT: "#0f6f8c",
    SECOND: "#c2722c",
    THIRD: "#4d8b3c",
    FOURTH: "#8a5aa8",
    FIFTH: "#b23a48",
    SOFT: "#5b6670",
    GRID: "#dcdfe2",
    PAPER: "#ffffff",
}
"""The colours of a picture that stands alone, on white."""
_STYLE: Any = {
    "svg.fonttype": "none",
    "svg.hashsalt": "sklon",
    "font.family": "sans-serif",
    "font.size": 10,
    "text.parse_math": False,
    "text.color": INK,
    "axes.edgecolor": GRID,
    "axes.labelcolor": INK,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "xtick.color": GRID,
    "ytick.color": GRID,
    "xtick.labelcolor": INK,
    "ytick.labelcolor": INK,
    "legend.frameon": False,
}
_CLEANED = (
    (r"<metadata>.*?</metadata>", ""),
    (r"<style.*?</style>", ""),
    (r'(<svg[^>]*?) width="[^"]*"', r"\1"),
    (r'(<svg[^>]*?) height="[^"]*"', r"\1"),
    (r'<g id="[^"]*">', "<g>"),
    (r"\n+ *", "\n"),
)
ENLARGED = 1.25
"""Pixels per point at which a picture is shown at the most, so that letters have one size in all of them."""


def can_draw() -> bool:
    """Whether there is something to draw with."""
    return find_spec("matplotlib") is not None


@contextmanager
def canvas(width: float, height: float, columns: int = 1) -> Iterator[tuple[list[Any], list[str]]]:
    """Axes side by side, of so many inches together, and a list that holds the drawing as SVG after the block."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    svg: list[str] = []
    with rc_context(_STYLE):
        figure = Figure(figsize=(width, height), layout="constrained")
        yield list(figure.subplots(1, columns, squeeze=False)[0]), svg
        file = io.StringIO()
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg.append(_cleaned(file.getvalue()))


def write_ticks(axis: Any, write: Callable[[float], str]) -> None:
    """Label the ticks of an axis by what ``write`` makes of their values; small ticks stay without."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    axis.set_major_formatter(FuncFormatter(lambda value, _: write(value)))
    axis.set_minor_formatter(NullFormatter())


def fade(tone: str = ACCENT) -> Any:
    """From nothing to a colour, by opacity alone, so that the page's colour shows through."""
    from matplotlib.colors import LinearSegmentedColormap, to_rgb

    red, green, blue = to_rgb(tone)
    return LinearSegmentedColormap.from_list("fade", [(red, green, blue, 0.05), (red, green, blue, 0.95)])


def for_page(drawing: str) -> str:
    """A drawing scaled by the page, in its colours and letters."""
    width = float(drawing.split('viewBox="0 0 ', 1)[1].split(" ", 1)[0])
    drawing = drawing.replace("<svg ", f'<svg style="width:{ENLARGED * width:.0f}px" ', 1)
    return _coloured(re.sub(r"font-family: [^;\"]*", "font-family: var(--sans)", drawing), PAGE)


def for_file(drawing: str) -> str:
    """A drawing as a file of its own, with its colours, on white."""
    box = drawing.split('viewBox="', 1)[1].split('"', 1)[0].split()
    paper = f'<rect width="{box[2]}" height="{box[3]}" fill="{PAPER}"/>'
    head, rest = drawing.split(">", 1)
    sized = f'{head} width="{box[2]}pt" height="{box[3]}pt">{paper}{rest}'
    letters = "font-family: system-ui, 'DejaVu Sans', sans-serif"
    return _coloured(re.sub(r"font-family: [^;\"]*", letters, sized), FILE)


def _cleaned(svg: str) -> str:
    """Only the drawing, without names nobody refers to."""
    drawing = svg[svg.index("<svg") :].rstrip()
    for pattern, replacement in _CLEANED:
        drawing = re.sub(pattern, replacement, drawing, flags=re.DOTALL)
    return drawing


def _coloured(drawing: str, colours: Mapping[str, str]) -> str:
    for stand_in, colour in colours.items():
        drawing = drawing.replace(stand_in, colour)
    return drawing
