"""What goes on inside the network, for who opens it: gradients and activations, weights, the loss around the path.

An open section follows the training, once in a while; a closed one costs nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from html import escape
from typing import Any

import numpy as np
from nicegui import Client, background_tasks

from sklon._base.canvas import ACCENT, INK, SOFT
from sklon._base.picture import Picture
from sklon.lab.playground import RUNS, Histogram, Landscape, Layer, Moment, Weights, landscape, layers, weights
from sklon.lab.text import Language, Text, number

from .aside import aside
from .mishap import mishap
from .native import Button, Details, Words
from .outcome import DRAWING
from .runs import Moments
from .seldom import Seldom
from .shell import html

#: seconds from one look inside to the next
LOOK = 0.5
#: tones of a weight on either side of 0
TONES = 5
#: level lines of a landscape
LEVELS = 14

LAYERS = Text("Gradients and activations of each layer", "Градиенты и активации по слоям")
WEIGHTS = Text("Weights", "Веса")
LANDSCAPE = Text("Level lines of the loss, and the path through them", "Линии уровня функции потерь и путь обучения")
HEAD = (
    Text("layer", "слой"),
    Text("gradient", "градиент"),
    Text("its norm", "его норма"),
    Text("norm of the weights", "норма весов"),
    Text("last step / weights", "последний шаг / веса"),
    Text("activations", "активации"),
    Text("dead units", "мёртвые нейроны"),
    Text("saturated", "насыщены"),
)
OUTPUT = Text("output", "выход")
SPREAD = Text("{what} of layer {name}: from {low} to {high}", "{what}, слой {name}: от {low} до {high}")
CELLS = Text(
    "Layer {name}: a row for each unit, a column for each input; the strongest weight is {most}.",
    "Слой {name}: строка на нейрон, столбец на вход; самый сильный вес — {most}.",
)
DRAW = Text("Draw them for now", "Нарисовать для этого шага")
ABOUT = Text(
    "Mean training loss in the plane that holds most of the path, {share} % of it. The cross is now: step {step}.",
    "Средняя потеря на обучении в плоскости, где лежит {share} % пути. Крест — сейчас, шаг {step}.",
)
ALONG = Text("first direction", "первое направление"), Text("second direction", "второе направление")


class Section:
    """Something that can be opened, made of the newest moments: ``make`` gives the HTML of one and its name."""

    def __init__(self, client: Client, language: Language, title: str, make: Callable[[Moment, str], str]) -> None:
        self.language = language
        self._make, self._open, self._looking = make, False, False
        self._moments: Moments = ()
        self._shown: Moments = ()
        self._soon = Seldom(LOOK, self._begin)
        with Details(title, self._turn):
            self._content = html("", kind="inside")
            self._failed = Words("p", "", "complaint").props("role=alert")
        client.on_disconnect(self._soon.cancel)

    def show(self, moments: Moments) -> None:
        """There are newer moments."""
        self._moments = moments
        if self._open:
            self._soon()

    def _turn(self, opened: bool) -> None:
        self._open = opened
        if opened:
            self._soon()

    def _begin(self) -> None:
        if self._moments and self._moments is not self._shown and not self._looking:
            self._looking = True
            background_tasks.create(self._look(self._moments), name="inside")

    async def _look(self, moments: Moments) -> None:
        """Show these, one look at a time: none comes after a newer one, and then what has come meanwhile."""
        self._shown = moments
        try:
            content = await aside(lambda: for_each(moments, self._make))
        except Exception as error:
            self._failed.say_complaint(mishap(error, self.language))
        else:
            self._failed.say("")
            self._content.set_content(content)
            self._content.props(f"data-step={moments[0].step}")
        finally:
            self._looking = False
        if self._open and self._moments is not moments:
            self._soon()


class Levels:
    """The level lines of the loss: drawn when asked for, as they take a while."""

    def __init__(self, language: Language) -> None:
        self.language = language
        self._moments: Moments = ()
        with Details(LANDSCAPE.of(language), lambda _: None):
            self._draw = Button(DRAW.of(language), self._begin)
            self._content = html("", kind="inside")
            self._failed = Words("p", "", "complaint").props("role=alert")

    def show(self, moments: Moments) -> None:
        """There are newer moments."""
        self._moments = moments

    def _begin(self) -> None:
        if self._moments:
            self._draw.enable(False)
            self._failed.say("")
            background_tasks.create(self._look(self._moments), name="level lines")

    async def _look(self, moments: Moments) -> None:
        try:
            content = await aside(lambda: for_each(moments, lambda moment, name: levels(moment, self.language, name)))
            self._content.set_content(content)
        except Exception as error:
            self._failed.say_complaint(mishap(error, self.language))
        finally:
            self._draw.enable(True)


def for_each(moments: Moments, make: Callable[[Moment, str], str]) -> str:
    """The HTML of one run, which has no name, or of each of two with its name above."""
    if len(moments) == 1:
        return make(moments[0], "")
    return "".join(
        f'<h3 class="of-run">{run}</h3>{make(moment, f"{run}: ")}' for run, moment in zip(RUNS, moments, strict=True)
    )


def levels(moment: Moment, language: Language, run: str = "") -> str:
    """The level lines around the path of a moment as HTML."""
    seen = landscape(moment)
    share = number(round(100 * float(sum(seen.explained)), 1), language)
    with DRAWING:
        drawn = Picture(draw=partial(_draw, seen, language), width=6.0, height=4.6)._repr_html_()
    about = ABOUT.of(language).format(share=share, step=number(moment.step, language))
    picture = f'<div class="picture" role="img" aria-label="{run}{escape(LANDSCAPE.of(language))}">{drawn}</div>'
    return f"<figure>{picture}<figcaption>{about}</figcaption></figure>"


def _draw(seen: Landscape, language: Language, axes: list[Any]) -> None:
    (plot,) = axes
    heights = np.log10(np.maximum(np.nan_to_num(seen.z, nan=1e12, posinf=1e12), 1e-12))
    plot.contour(seen.x, seen.y, heights, levels=LEVELS, colors=SOFT, linewidths=0.8, linestyles="solid")
    plot.plot(*seen.path.T, color=ACCENT, lw=1.8, marker="o", ms=3)
    plot.plot(0.0, 0.0, marker="x", color=INK, ms=9, mew=2)
    plot.set(xlabel=ALONG[0].of(language), ylabel=ALONG[1].of(language))


def layer_table(moment: Moment, language: Language, run: str = "") -> str:
    """Every layer as a row: how its gradients, steps and activations are."""
    head = "".join(f'<th scope="col">{escape(h.of(language))}</th>' for h in HEAD)
    seen = layers(moment)
    rows = "".join(_layer(layer, name_of(i, len(seen), language), language) for i, layer in enumerate(seen, 1))
    label = run + escape(LAYERS.of(language))
    return (
        f'<div class="scroll" tabindex="0" role="region" aria-label="{label}"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{rows}</tbody></table></div>"
    )


def name_of(layer: int, count: int, language: Language) -> str:
    """A layer's name for people: its number from 1, or that it is the output."""
    return OUTPUT.of(language) if layer == count else str(layer)


def _layer(layer: Layer, name: str, language: Language) -> str:
    cells = (
        _bars(layer.gradients, HEAD[1], name, language),
        number(layer.gradient_norm, language, 3),
        number(layer.weight_norm, language, 3),
        "–" if layer.ratio is None else number(layer.ratio, language, 2),
        "–" if layer.activations is None else _bars(layer.activations, HEAD[5], name, language),
        _percent(layer.dead, language),
        _percent(layer.saturated, language),
    )
    return f'<tr><th scope="row">{escape(name)}</th>{"".join(f"<td>{cell}</td>" for cell in cells)}</tr>'


def _percent(share: float | None, language: Language) -> str:
    return "–" if share is None else f"{number(round(100 * share, 1), language)}\u00a0%"


def _bars(seen: Histogram, what: Text, name: str, language: Language) -> str:
    """A histogram, with its range below."""
    count, tallest = len(seen.counts), max(1, int(seen.counts.max()))
    bars = "".join(
        f'<rect x="{i}" y="{30 - 30 * c / tallest:.1f}" width=".9" height="{30 * c / tallest:.1f}"/>'
        for i, c in enumerate(seen.counts.tolist())
        if c
    )
    low, high = (number(float(edge), language, 2) for edge in (seen.edges[0], seen.edges[-1]))
    label = SPREAD.of(language).format(what=what.of(language), name=name, low=low, high=high)
    return (
        f'<svg class="bars" viewBox="0 0 {count} 30" preserveAspectRatio="none" role="img" '
        f'aria-label="{escape(label)}">{bars}</svg>'
        f'<small class="ends" aria-hidden="true"><span>{low}</span><span>{high}</span></small>'
    )


def weight_maps(moment: Moment, language: Language, run: str = "") -> str:
    """The weights of every layer as cells: one colour below 0, another above it, the stronger the larger."""
    seen = weights(moment)
    maps = (_map(layer, name_of(i, len(seen), language), language, run) for i, layer in enumerate(seen, 1))
    return f'<div class="maps">{"".join(maps)}</div>'


def _map(layer: Weights, name: str, language: Language, run: str) -> str:
    values = np.nan_to_num(layer.weight.astype(float), posinf=0.0, neginf=0.0)
    most = float(np.abs(values).max()) or 1.0
    tones = np.rint(TONES * values / most).astype(int)
    height, width = values.shape
    label = CELLS.of(language).format(name=name, most=number(most, language, 3))
    paths = "".join(_cells(tones, tone) for tone in range(-TONES, TONES + 1) if tone)
    return (
        f'<figure><svg class="map" viewBox="0 0 {width} {height}" preserveAspectRatio="none" role="img" '
        f'aria-label="{run}{escape(label)}">{paths}</svg><figcaption>{escape(label)}</figcaption></figure>'
    )


def _cells(tones: Any, tone: int) -> str:
    """All cells of one tone as one path."""
    places = "".join(f"M{x} {y}h1v1h-1z" for y, x in np.argwhere(tones == tone).tolist())
    colour = "--one" if tone > 0 else "--zero"
    return f'<path fill="var({colour})" fill-opacity="{abs(tone) / TONES:.1f}" d="{places}"/>' if places else ""
