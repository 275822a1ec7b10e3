"""What pictures are drawn on: axes in the house's style, and SVG as the result. The only importer of matplotlib.

A picture is drawn in stand-in colours which are then replaced: by CSS (``currentColor`` and the page's variables), so
that one picture serves light and dark pages, or by fixed colours for a file of its own. Text stays text. The same data
give the same bytes.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from typing import Any, TypeAlias

#: tones, by the names that matplotlib gives to the colours of the cycle in force
ACCENT, SECOND, THIRD, FOURTH, FIFTH, SOFT, INK, GRID, PAPER = (f"C{i}" for i in range(9))
TONES = (ACCENT, SECOND, THIRD, FOURTH, FIFTH, SOFT)
"""Colours by number: five that can be told apart, also by the colour-blind, and a soft one for what is not data."""
Palette: TypeAlias = Mapping[str, str]

STAND_INS: Palette = {f"C{i}": f"#{i + 1:02x}{i + 1:02x}{i + 1:02x}" for i in range(9)}
PAGE: Palette = {
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
FILE: Palette = {
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
NOTEBOOK: Palette = {
    INK: "currentColor",
    ACCENT: "#2389a8",
    SECOND: "#c2722c",
    THIRD: "#4d8b3c",
    FOURTH: "#9668b4",
    FIFTH: "#cc5262",
    SOFT: "#7b868f",
    GRID: "#80808055",
    PAPER: "none",
}
"""The colours of a picture in a notebook, whose ground nobody knows: each can be seen on white and on black."""
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
DOTS_PER_INCH = 200


FEWEST_TICKS = 3
"""Ticks by which one can tell that an axis is logarithmic."""
BETWEEN_POWERS = ((1.0,), (1.0, 3.0), (1.0, 2.0, 5.0), tuple(map(float, range(1, 10))))
"""What stands at the ticks between two powers of ten, as multiples of the lower one; the first that gives enough."""


def can_draw() -> bool:
    """Whether there is something to draw with."""
    return find_spec("matplotlib") is not None


@contextmanager
def canvas(
    width: float, height: float, columns: int = 1, heights: Sequence[float] = (1.0,)
) -> Iterator[tuple[list[Any], list[str]]]:
    """Axes of so many inches together, and a list that holds the drawing as SVG after the block.

    They stand side by side in ``columns``, and above each other in rows of these relative ``heights``, which share
    what is to the right.
    """
    svg: list[str] = []
    with _figure(STAND_INS, width, height, columns, heights) as (figure, axes):
        yield axes, svg
        file = io.StringIO()
        figure.savefig(file, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg.append(_cleaned(file.getvalue()))


def png(
    draw: Callable[[list[Any]], None], width: float, height: float, columns: int = 1, heights: Sequence[float] = (1.0,)
) -> bytes:
    """What ``draw`` draws on axes like those of ``canvas``, as the bytes of a PNG file on white."""
    file = io.BytesIO()
    with _figure(FILE, width, height, columns, heights) as (figure, axes):
        draw(axes)
        figure.savefig(file, format="png", dpi=DOTS_PER_INCH, facecolor=FILE[PAPER], metadata={"Software": None})
    return file.getvalue()


@contextmanager
def _figure(
    palette: Palette, width: float, height: float, columns: int, heights: Sequence[float]
) -> Iterator[tuple[Any, list[Any]]]:
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    cycle = f"cycler(color={[palette[tone] for tone in sorted(palette)]})"
    with rc_context({**_STYLE, "axes.prop_cycle": cycle}):
        figure = Figure(figsize=(width, height), layout="constrained")
        axes = figure.subplots(len(heights), columns, squeeze=False, sharex="col", height_ratios=list(heights))
        yield figure, list(axes.flat)


def write_ticks(axis: Any, write: Callable[[float], str]) -> None:
    """Label the ticks of an axis by what ``write`` makes of their values; small ticks stay without."""
    from matplotlib.ticker import FuncFormatter, NullFormatter

    axis.set_major_formatter(FuncFormatter(lambda value, _: write(value)))
    axis.set_minor_formatter(NullFormatter())


def name_dates(axis: Any) -> None:
    """Label the ticks of an axis of dates by what differs between them."""
    from matplotlib import dates

    locator = dates.AutoDateLocator(minticks=3, maxticks=8)  # type: ignore[no-untyped-call]
    axis.set_major_locator(locator)
    axis.set_major_formatter(dates.ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]


def place_ticks(axis: Any) -> None:
    """Let a logarithmic axis whose ends are settled have ``FEWEST_TICKS`` large ticks at least.

    Powers of ten where enough of them are in sight, else more numbers between them; on an axis that hardly grows, equal
    steps.
    """
    from matplotlib.ticker import LogLocator, MaxNLocator

    low, high = sorted(axis.get_view_interval())
    for subs in BETWEEN_POWERS:
        locator = LogLocator(subs=subs)
        locator.set_axis(axis)
        if sum(low <= tick <= high for tick in locator()) >= FEWEST_TICKS:
            axis.set_major_locator(locator)
            return
    axis.set_major_locator(MaxNLocator(nbins=2 * FEWEST_TICKS - 1, steps=(1, 2, 2.5, 5, 10), min_n_ticks=FEWEST_TICKS))


def fade(tone: str = ACCENT) -> Any:
    """From nothing to a colour, by opacity alone, so that the page's colour shows through."""
    from matplotlib.colors import LinearSegmentedColormap, to_rgb

    red, green, blue = to_rgb(tone)
    return LinearSegmentedColormap.from_list("fade", [(red, green, blue, 0.05), (red, green, blue, 0.95)])


def for_page(drawing: str) -> str:
    """A drawing scaled by the page, in its colours and letters."""
    return _inline(drawing, "var(--sans)", PAGE)


def for_notebook(drawing: str) -> str:
    """A drawing scaled by the cell that shows it, light or dark, in its letters."""
    return _inline(drawing, "inherit", NOTEBOOK)


def for_file(drawing: str) -> str:
    """A drawing as a file of its own, with its colours, on white."""
    box = drawing.split('viewBox="', 1)[1].split('"', 1)[0].split()
    paper = f'<rect width="{box[2]}" height="{box[3]}" fill="{FILE[PAPER]}"/>'
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


def _inline(drawing: str, letters: str, palette: Palette) -> str:
    width = float(drawing.split('viewBox="0 0 ', 1)[1].split(" ", 1)[0])
    drawing = drawing.replace("<svg ", f'<svg style="width:{ENLARGED * width:.0f}px" ', 1)
    return _coloured(re.sub(r"font-family: [^;\"]*", f"font-family: {letters}", drawing), palette)


def _coloured(drawing: str, palette: Palette) -> str:
    for tone, stand_in in STAND_INS.items():
        drawing = drawing.replace(stand_in, palette[tone])
    return drawing
