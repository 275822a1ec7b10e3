"""Two runs side by side: both pictures, the curves of both in one chart, and a table of what differs and what came."""

from __future__ import annotations

from html import escape
from typing import Any

from nicegui import ui

from sklon.lab.playground import RUNS, curves_by_step, differences
from sklon.lab.text import Language, number

from . import compare_words as words
from .boundary import Boundary
from .curve import Curve
from .knobs import ROWS, said
from .native import Words
from .scene import Scene, Scenes
from .shell import html
from .views import LOSS, TEST, TRAINING, Line, Plane

NONE = "–"


class PairViews:
    """The two runs of a pair. The rows of settings that differ stand first in the table."""

    def __init__(self, language: Language) -> None:
        self.language = language
        with ui.element("div") as self._outer:
            self._show_all()

    def _show_all(self) -> None:
        language = self.language
        with ui.element("div").classes("views two"):
            self._heads, self._planes = [], []
            for place, run in enumerate(RUNS):
                with ui.element("div").classes("run").props(f"data-run={run}"):
                    with Words("p", "", "name"):
                        Words("b", run)
                        self._heads.append(Words("span"))
                    label = words.PICTURE.of(language).format(run=run)
                    self._planes.append(Plane(label, language, f"{RUNS[place]}: "))
            curve = Curve(
                words.LOSSES.of(language), lines=_names(language), x=words.STEP.of(language), y=LOSS.of(language),
                language=language, scale="log", runs=len(RUNS),
            )  # fmt: skip
        self._lines = [Line(curve, place) for place in range(len(RUNS))]
        self._table = html("", kind="numbers")

    @property
    def boundaries(self) -> tuple[Boundary, ...]:
        """The pictures of both."""
        return tuple(plane.boundary for plane in self._planes)

    def set_visibility(self, visible: bool) -> None:
        """Whether there are two runs to show."""
        self._outer.set_visibility(visible)

    def show(self, seen: Scenes) -> None:
        """Show the moments of both."""
        for plane, line, one in zip(self._planes, self._lines, seen, strict=True):
            plane.show(one)
            line.show(curves_by_step(one.moment))

    def tell(self, seen: Scenes, times: tuple[float | None, ...]) -> None:
        """What changes seldom enough to be read."""
        first, second = (one.moment for one in seen)
        differing = differences(first, second)
        for head, one in zip(self._heads, seen, strict=True):
            head.say(", ".join(_set(name, one.moment.wanted[name], self.language) for name in differing))
        self._table.set_content(numbers(seen, times, self.language))


def late(seen: Scenes, language: Language) -> str:
    """Who has to catch up; who has ended stays behind."""
    farthest = max(one.moment.step for one in seen)
    said = [
        words.LATE.of(language).format(
            run=run, step=number(one.moment.step, language), farthest=number(farthest, language)
        )
        for run, one in zip(RUNS, seen, strict=True)
        if one.moment.step < farthest and one.moment.ended is None
    ]
    return "; ".join(said)


def numbers(seen: Scenes, times: tuple[float | None, ...], language: Language) -> str:
    """The table of both runs as HTML: the settings in which they differ, and how they stand."""
    first, second = (one.moment for one in seen)
    differing = differences(first, second)
    names = ", ".join(ROWS[name].label.of(language) for name in differing)
    caption = words.DIFFERS.of(language).format(names=names) if differing else words.ALIKE.of(language)
    heads = "".join(f'<th scope="col" data-run="{run}"><b>{run}</b></th>' for run in RUNS)
    set_otherwise = "".join(
        _row(ROWS[name].label.of(language), [said(name, m.wanted[name], language) for m in (first, second)], "differs")
        for name in differing
    )
    cells = [_stands(one, time, language) for one, time in zip(seen, times, strict=True)]
    rows = [(name, [column[i] for column in cells]) for i, name in enumerate(_measures(language))]
    shown = "".join(_row(name, values, "") for name, values in rows if set(values) != {NONE})
    return (
        f"<table><caption>{escape(caption)}</caption><thead><tr><td></td>{heads}</tr></thead>"
        f"<tbody>{set_otherwise}</tbody><tbody>{shown}</tbody></table>"
    )


def _row(name: str, values: list[str], kind: str) -> str:
    cells = "".join(f"<td>{escape(value)}</td>" for value in values)
    return f'<tr class="{kind}"><th scope="row">{escape(name)}</th>{cells}</tr>'


def _measures(language: Language) -> list[str]:
    measures = (words.STEP, words.EPOCH, words.TRAINING, words.TESTING, words.RIGHT, words.RATE, words.TIME)
    return [measure.of(language) for measure in measures]


def _stands(seen: Scene, time: float | None, language: Language) -> list[str]:
    """The values of the measures for one run; a dash where there is none."""
    moment = seen.moment
    values: list[Any] = [
        moment.step,
        moment.epoch,
        moment.training_curve[-1] if len(moment.training_curve) else None,
        moment.testing_curve[-1] if len(moment.testing_curve) else None,
        None if seen.accuracy is None else round(100 * seen.accuracy, 1),
        None if moment.settings["schedule"] == "none" else moment.rate,
        None if time is None else round(1e6 * time),
    ]
    return [NONE if value is None else number(float(value), language, 3) for value in values]


def _set(name: str, value: Any, language: Language) -> str:
    """A setting and its value; of an optimizer its name says enough."""
    shown = said(name, value, language)
    return shown if name == "optimizer" else f"{ROWS[name].label.of(language)} {shown}"


def _names(language: Language) -> list[str]:
    return [
        words.LINE.of(language).format(run=run, kind=kind.of(language)) for run in RUNS for kind in (TRAINING, TEST)
    ]
