"""The picture of a chain: boxes under each other, values on the way down and gradients on the way up.

A box stands below all that it is computed from; the chain itself is in the middle, and what is given stands beside.
Lengths are inches.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, count
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np

from sklon._base.canvas import ACCENT, GRID, INK, PAPER, SECOND, SOFT
from sklon._base.picture import Picture

from .values_in_words import brief

if TYPE_CHECKING:
    from .explaining import Explanation, Step
    from .folding import Part

#: of a box, of what is given and of each line in it, between boxes beside and below each other, and around everything
WIDTH, HEIGHT, GIVEN_WIDTH, LINE, BESIDE, BELOW, MARGIN = 2.5, 0.74, 1.6, 0.18, 0.5, 0.5, 0.2
#: how round corners are, how far both arrows of a pair are apart, how wide a lane beside the boxes is, and how far from
#: a box a label stands
CORNER, APART, LANE, LETTER = 0.09, 0.07, 0.62, 0.09
#: how far from its row a way that passes other boxes is: nearer than those that lead to the next row
NEAR = 0.09
#: letters that fit into a box, into what is given, and beside an arrow
LETTERS, GIVEN_LETTERS, LABEL_LETTERS = 34, 23, 22
LEGEND = (("values down", SOFT), ("gradients up", ACCENT), ("ways add up", SECOND))


Corner: TypeAlias = "tuple[float, float]"


@dataclass(frozen=True, slots=True)
class _Box:
    """A part of the chain, or what is given: where it stands, and its lines with their colours."""

    x: float
    y: float
    lines: tuple[tuple[str, str], ...]
    width: float
    height: float
    is_given: bool


@dataclass(frozen=True, slots=True)
class _Arrow:
    """From what is read to its reader by ``way``, with corners, and ``back`` by another, unless it was given.

    ``labels`` are the local partials; ``label_at`` is where they begin, ``turned`` whether they stand upright.
    """

    labels: tuple[str, ...]
    way: tuple[Corner, ...]
    back: tuple[Corner, ...] = ()
    label_at: Corner = (0.0, 0.0)
    turned: bool = False


def picture_of(explanation: Explanation) -> Picture:
    """The graph of an explanation, drawn."""
    boxes, arrows = _laid_out(explanation)
    left = min(x for x, _ in (*((b.x - b.width / 2, 0) for b in boxes), *(c for a in arrows for c in a.way)))
    right = max(b.x + b.width / 2 for b in boxes)
    top, bottom = max(b.y + b.height / 2 for b in boxes), min(b.y - b.height / 2 for b in boxes) - LINE
    limits = (left - MARGIN, right + MARGIN, bottom - MARGIN, top + MARGIN)

    def draw(axes: list[Any]) -> None:
        (place,) = axes
        place.set(xlim=limits[:2], ylim=limits[2:])
        place.set_axis_off()
        for arrow in arrows:
            _draw_arrow(place, arrow)
        for box in boxes:
            _draw_box(place, box)
        for k, (text, tone) in enumerate(LEGEND):
            side = ("left", "center", "right")[k]
            place.text((k - 1) * WIDTH / 2, bottom, text, color=tone, fontsize=7.5, ha=side, va="top")

    return Picture(draw=draw, width=limits[1] - limits[0], height=limits[3] - limits[2])


# ---- where things stand
def _laid_out(explanation: Explanation) -> tuple[list[_Box], list[_Arrow]]:
    """The boxes, and the arrows between them."""
    parts = explanation.parts[::-1]  # in the order of computation
    owner = {step.name: place for place, part in enumerate(parts) for step in part.steps}
    reads = [_reads(part, owner, place) for place, part in enumerate(parts)]
    ranks = _ranks(reads)
    across = _across(ranks, [bool(_names_given(explanation, part)) for part in parts])
    places = zip(across, (-rank * (HEIGHT + BELOW) for rank in ranks), strict=True)
    boxes = [_box(explanation, part, x, y) for part, (x, y) in zip(parts, places, strict=True)]
    given = [_given(explanation, part, box) for part, box in zip(parts, boxes, strict=True)]
    beside = [(box, g) for box, g in zip(boxes, given, strict=True) if g is not None]
    forks = {j for j in range(len(parts)) if sum(j in sources for sources in reads) > 1}
    arrows, lanes = [], count(1)
    for i, sources in enumerate(reads):
        for j in sources:
            labels, long = _labels(parts[j], parts[i]), ranks[i] - ranks[j] > 1
            if not long:
                arrows.append(_straight(boxes[j], boxes[i], labels, fork=j in forks))
            elif _is_free(boxes[j], boxes[i], [*boxes, *(g for _, g in beside)]):
                arrows.append(_aside(boxes[j], boxes[i], labels))
            else:
                edge = min(b.x - b.width / 2 for b in boxes) - LANE * next(lanes) + LANE / 2
                arrows.append(_around(boxes[j], boxes[i], labels, edge, boxes))
    return [*boxes, *(g for _, g in beside)], [*arrows, *(_from_given(g, box) for box, g in beside)]


def _names_given(explanation: Explanation, part: Part[Step]) -> list[str]:
    """What a step reads that lies on no way; of a folded part nothing is told."""
    values = dict(explanation.given)
    return [] if part.title else [n for n in dict.fromkeys(part.steps[0].operands) if n in values]


def _given(explanation: Explanation, part: Part[Step], box: _Box) -> _Box | None:
    """What a step reads that lies on no way, to its right."""
    names, values = _names_given(explanation, part), dict(explanation.given)
    if not names:
        return None
    lines = tuple(line for name in names for line in ((name, INK), (brief(values[name]), SOFT)))
    x = box.x + WIDTH / 2 + BESIDE + GIVEN_WIDTH / 2
    return _Box(x, box.y, lines, GIVEN_WIDTH, (len(lines) + 0.6) * LINE, True)


def _reads(part: Part[Step], owner: dict[str, int], place: int) -> list[int]:
    """The parts that one reads, each once."""
    found = (owner[name] for step in part.steps for name in step.operands if name in owner)
    return [p for p in dict.fromkeys(found) if p != place]


def _ranks(reads: Sequence[Sequence[int]]) -> list[int]:
    """The row of each part: below all that it reads."""
    ranks: list[int] = []
    for sources in reads:
        ranks.append(max((ranks[s] + 1 for s in sources if s < len(ranks)), default=0))
    return ranks


def _across(ranks: Sequence[int], beside: Sequence[bool]) -> list[float]:
    """The middle of each part: those of a row side by side, around 0, with what is given to them in between."""
    found = [0.0] * len(ranks)
    for rank in set(ranks):
        row = [i for i, r in enumerate(ranks) if r == rank]
        steps = (WIDTH + BESIDE + (GIVEN_WIDTH + BESIDE) * beside[i] for i in row[:-1])
        ways = list(accumulate(steps, initial=0.0))
        for i, way in zip(row, ways, strict=True):
            found[i] = way - ways[-1] / 2
    return found


def _box(explanation: Explanation, part: Part[Step], x: float, y: float) -> _Box:
    step = part.steps[-1] if part.title else part.steps[0]
    formula = f"{step.name} = {step.formula}" if step.formula else step.name
    head = part.title or formula
    below = f"down to {step.name} = {brief(step.value)}" if part.title else brief(step.value)
    gradient = f"{explanation.named(step.name)} = {brief(step.gradient)}"
    if len(gradient) > LETTERS:
        gradient = f"gradient {brief(step.gradient)}"
    tone = SECOND if len(step.ways) > 1 else ACCENT
    return _Box(x, y, ((head, INK), (below, SOFT), (gradient, tone)), WIDTH, HEIGHT, False)


def _labels(source: Part[Step], reader: Part[Step]) -> tuple[str, ...]:
    """The local partials between two parts; of a folded one, nothing can be said in a word."""
    if source.title or reader.title:
        return ()
    (step,), readers = source.steps, {s.name for s in reader.steps}
    return tuple(w.partial for w in step.ways if w.reader in readers)


# ---- ways
def _straight(source: _Box, reader: _Box, labels: tuple[str, ...], *, fork: bool) -> _Arrow:
    """Down to the next row, by a step aside where the reader stands beside; labels are at the end that is its own."""
    top, bottom = source.y - source.height / 2, reader.y + reader.height / 2
    middle, side = (top + bottom) / 2, float(np.sign(reader.x - source.x))

    def way(aside: float) -> tuple[Corner, ...]:
        level = middle + side * aside
        ends = (source.x + aside, top), (reader.x + aside, bottom)
        return ends if not side else (ends[0], (source.x + aside, level), (reader.x + aside, level), ends[1])

    at = (reader.x, bottom + LETTER) if fork else (source.x, top - LETTER)
    return _Arrow(labels, way(-APART), way(APART), (at[0] + 2 * APART, at[1] if side else middle))


def _is_free(source: _Box, reader: _Box, boxes: Sequence[_Box]) -> bool:
    """Whether nothing stands below the source down to its reader's row, nor there between both."""
    if abs(source.x - reader.x) < reader.width / 2:
        return False
    low, high = sorted((source.x, reader.x))
    below = (b for b in boxes if reader.y < b.y < source.y)
    beside = (b for b in boxes if b.y == reader.y and b is not reader)
    crosses = any(abs(b.x - source.x) < b.width / 2 + 2 * APART for b in below)
    return not crosses and not any(low - b.width / 2 < b.x < high + b.width / 2 for b in beside)


def _aside(source: _Box, reader: _Box, labels: tuple[str, ...]) -> _Arrow:
    """Straight down to the row of the reader, and into its side."""
    side = float(np.sign(source.x - reader.x))
    edge = reader.x + side * reader.width / 2

    def way(aside: float) -> tuple[Corner, ...]:
        x, y = source.x + aside, reader.y - side * aside
        return (x, source.y - source.height / 2), (x, y), (edge, y)

    at = (source.x + 2 * APART, source.y - source.height / 2 - BELOW / 2)
    return _Arrow(labels, way(-APART), way(APART), at)


def _around(source: _Box, reader: _Box, labels: tuple[str, ...], lane: float, boxes: Sequence[_Box]) -> _Arrow:
    """By a lane on the left of all boxes; of a pair the one that is farther inside is the shorter way."""

    def way(inside: float) -> tuple[Corner, ...]:
        first, last = _to_lane(source, lane, inside, -1, boxes), _to_lane(reader, lane, inside, 1, boxes)
        return (*first, *last[::-1])

    at = (lane + 2 * APART, (source.y + reader.y) / 2)
    return _Arrow(labels, way(-APART), way(APART), at, turned=True)


def _to_lane(box: _Box, lane: float, inside: float, up: int, boxes: Sequence[_Box]) -> tuple[Corner, ...]:
    """From the left of a box to the lane; where another stands there, between the rows above (``up`` = 1) or below."""
    level = box.y + up * inside
    if not any(b.y == box.y and b.x < box.x for b in boxes):
        return (box.x - box.width / 2, level), (lane + inside, level)
    x, edge = box.x - box.width / 4 + inside, box.y + up * box.height / 2
    level = edge + up * (NEAR + inside / 2)
    return (x, edge), (x, level), (lane + inside, level)


def _from_given(given: _Box, reader: _Box) -> _Arrow:
    way = ((given.x - given.width / 2, given.y), (reader.x + reader.width / 2, given.y))
    return _Arrow((), way)


# ---- drawing
def _draw_box(place: Any, box: _Box) -> None:
    x, y = _rounded(box)
    place.fill(x, y, facecolor=PAPER, edgecolor=GRID if box.is_given else ACCENT, lw=1.2, zorder=3)
    letters, size = (GIVEN_LETTERS, 7.5) if box.is_given else (LETTERS, 8.5)
    step = box.height / (len(box.lines) + (0.6 if box.is_given else 0.35))
    for i, (text, tone) in enumerate(box.lines):
        at = box.y + ((len(box.lines) - 1) / 2 - i) * step
        style = {"color": tone, "fontsize": size, "weight": "bold" if tone == INK else "normal"}
        place.text(box.x, at, _short(text, letters), ha="center", va="center", zorder=4, **style)


def _rounded(box: _Box) -> tuple[Any, Any]:
    """The outline of a box with round corners."""
    turns = np.linspace(0, np.pi / 2, 8)
    right, top = box.width / 2 - CORNER, box.height / 2 - CORNER
    xs, ys = [], []
    for k, (sx, sy) in enumerate(((1, 1), (-1, 1), (-1, -1), (1, -1))):
        xs.append(box.x + sx * right + CORNER * np.cos(turns + k * np.pi / 2))
        ys.append(box.y + sy * top + CORNER * np.sin(turns + k * np.pi / 2))
    return np.concatenate(xs), np.concatenate(ys)


def _draw_arrow(place: Any, arrow: _Arrow) -> None:
    _line(place, arrow.way, SOFT, "-")
    if arrow.back:
        _line(place, arrow.back[::-1], ACCENT, "--")
        _label(place, arrow)


def _line(place: Any, points: Sequence[tuple[float, float]], tone: str, style: str) -> None:
    """Straight pieces with an arrow's head at the end."""
    xs, ys = zip(*points, strict=True)
    place.plot(xs, ys, color=tone, lw=1.1, ls=style, zorder=1, solid_joinstyle="round")
    place.annotate(
        "",
        xy=points[-1],
        xytext=points[-2],
        arrowprops={"arrowstyle": "-|>", "color": tone, "lw": 0, "shrinkA": 0, "shrinkB": 0, "mutation_scale": 9},
        zorder=2,
    )


def _label(place: Any, arrow: _Arrow) -> None:
    """What becomes of the gradient on its way up; where ways join, that they add up."""
    text = _short(" + ".join(arrow.labels), LABEL_LETTERS)
    style: dict[str, Any] = {"color": SECOND if len(arrow.labels) > 1 else ACCENT, "fontsize": 7.5, "zorder": 4}
    style["bbox"] = {"facecolor": PAPER, "edgecolor": "none", "pad": 0.5}
    if arrow.turned:
        style |= {"rotation": 90, "rotation_mode": "anchor"}
    sides = ("center", "top") if arrow.turned else ("left", "center")
    place.text(*arrow.label_at, text, ha=sides[0], va=sides[1], **style)


def _short(text: str, letters: int) -> str:
    return text if len(text) <= letters else text[: letters - 1] + "…"
