"""E5b: jumps, kinks and cusps under a microscope, what they are, and what automatic differentiation returns there."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf

import numpy as np

import sklon
from sklon import Tensor
from sklon.lab.apparatus import Array, gradient, power
from sklon.lab.check import Finding, below, equal, near
from sklon.lab.controls import Settings, Whole
from sklon.lab.experiment import Experiment, Fault, Frame, Record
from sklon.lab.figure import Figure, Panel, bars, curve
from sklon.lab.text import Text

from .conventions import ABS_OF_ONE, CONVENTIONS, RELU_OF_ONE, ROUNDED, Kinked
from .points import EXAMPLES, differs, distance

#: what is looked at, and the power of h with which the gap between its two quotients changes
GAPS = {"square": 1.0, "abs": 0.0, "relu": 0.0, "step": -1.0, "cusp": -0.5}
NAMES = {
    "square": Text("x²", "x²"),
    "abs": Text("|x|", "|x|"),
    "relu": Text("ReLU", "ReLU"),
    "step": Text("step", "ступенька"),
    "cusp": Text("√|x|", "√|x|"),
}
#: the field of view: −1 … 1 in twentieths, so that 0 and both ends are exact
VIEW = np.arange(-20, 21) / 20
#: points away from every jump where the slope of a step function is asked for
ELSEWHERE = 1000
#: the magnification 2ᵏ at which the picture is drawn
SHOWN = 6


def run(subject: Kinked, controls: Settings, seed: int) -> Iterator[Frame]:
    """Zoom into 0 with h = 2⁻ᵏ and take the quotients from both sides; then examine 0, and ask reverse mode."""
    for k in range(controls["zoom"] + 1):
        h = 2.0**-k
        seen = {name: _heights(subject, name, h * VIEW) for name in GAPS}
        yield {
            "h": h,
            "view": np.stack([(y - y[len(y) // 2]) / h for y in seen.values()]),
            "left": np.array([(y[len(y) // 2] - y[0]) / h for y in seen.values()]),
            "right": np.array([(y[-1] - y[len(y) // 2]) / h for y in seen.values()]),
        }
    yield _examined(subject)
    points = np.random.default_rng(seed).standard_normal(ELSEWHERE)
    yield {
        "returned": np.array([c.found(subject)[0] for c in CONVENTIONS]),
        "differing": sum(not c.holds(subject) for c in CONVENTIONS),
        "elsewhere": float(np.abs(gradient(lambda x: sklon.sign(x).sum(), points)).max()),
    }


def _examined(kinked: Kinked) -> Frame:
    """Of the examples, how many ``examine`` tells otherwise than theory, by what it tells."""
    found = [(example, example.examined(kinked)) for example in EXAMPLES.values()]
    intervals = [(e, None if f.subdifferential is None else f.subdifferential.clarke) for e, f in found]
    return {
        "kinds": sum(f.kind != e.kind for e, f in found),
        "sides": sum(any(map(differs, f.derivatives, e.sides)) for e, f in found),
        "slopes": max(distance(interval, e.slopes) for e, interval in intervals),
        "autodiff": sum(differs(f.autodiff.value, e.returns) for e, f in found),
    }


def _heights(kinked: Kinked, name: str, points: Array) -> Array:
    return _function(kinked, name, sklon.tensor(points)).numpy()


def _function(kinked: Kinked, name: str, x: Tensor) -> Tensor:
    match name:
        case "square":
            return x * x
        case "abs":
            return kinked.absolute(x)
        case "relu":
            return kinked.relu(x)
        case "step":
            return sklon.heaviside(x, 1.0)
        case _:
            return sklon.sqrt(kinked.absolute(x))


#: what is checked
CLAIMS = {
    **{
        f"gap-{name}": Text(
            f"{NAMES[name].en}: gap between the quotients from both sides ∝ hᵖ with p",
            f"{NAMES[name].ru}: расхождение отношений справа и слева ∝ hᵖ, показатель p",
        )
        for name in GAPS
    },
    "abs-left": Text("|x|: quotient from the left", "|x|: отношение слева"),
    "abs-right": Text("|x|: quotient from the right", "|x|: отношение справа"),
    "relu-left": Text("ReLU: quotient from the left", "ReLU: отношение слева"),
    "relu-right": Text("ReLU: quotient from the right", "ReLU: отношение справа"),
    "step-right": Text("step: quotient from the right", "ступенька: отношение справа"),
    "step-left": Text("step: h times the quotient from the left", "ступенька: h, умноженное на отношение слева"),
    "kinds": Text(
        f"points of {len(EXAMPLES)} that examine calls by another name than theory",
        f"точек из {len(EXAMPLES)}, которые examine относит не к тому виду, что теория",
    ),
    "one-sided": Text(
        f"points of {len(EXAMPLES)} with a one-sided derivative other than that of theory",
        f"точек из {len(EXAMPLES)}, где односторонняя производная не та, что по теории",
    ),
    "subdifferential": Text(
        "largest distance of the subdifferentials from those of theory",
        "наибольшее отличие субдифференциалов от найденных по теории",
    ),
    "autodiff": Text(
        f"points of {len(EXAMPLES)} where examine reports another gradient than the engine's conventions make",
        f"точек из {len(EXAMPLES)}, где examine сообщает не тот градиент, что следует из соглашений движка",
    ),
    "relu-at-0": Text("engine: ReLU′(0)", "движок: ReLU′(0)"),
    "abs-at-0": Text("engine: |x|′ at 0", "движок: |x|′ в нуле"),
    "tie": Text("engine: ∂max(x, 0)/∂x at the tie", "движок: ∂max(x, 0)/∂x при равенстве"),
    "clip-at-bound": Text("engine: slope of clip at its bound", "движок: наклон clip на границе"),
    "root-at-0": Text("engine: slope of √x at 0", "движок: наклон √x в нуле"),
    "identity-at-0": Text(
        "engine: slope of relu(x) − relu(−x) at 0, where the true one is 1",
        "движок: наклон relu(x) − relu(−x) в нуле, где настоящий равен 1",
    ),
    "table": Text(
        f"rows of {len(CONVENTIONS)} where the engine differs from the table",
        f"строк из {len(CONVENTIONS)}, где движок расходится с таблицей",
    ),
    "flat-elsewhere": Text(
        f"largest slope of sign(x) at {ELSEWHERE} points that are not 0",
        f"наибольший наклон sign(x) в {ELSEWHERE} точках, отличных от 0",
    ),
}


def checks(record: Record) -> list[Finding]:
    """How the gaps change, the exact one-sided slopes, what each point is, and the conventions."""
    return [*_gaps(record), *_sides(record), *_kinds(record), *_conventions(record)]


def _gaps(record: Record) -> list[Finding]:
    h, gaps = record.series("h"), np.abs(record.series("right") - record.series("left"))
    return [
        near(f"gap-{name}", power(h, gaps[:, i]), order, within=1e-9) for i, (name, order) in enumerate(GAPS.items())
    ]


def _sides(record: Record) -> list[Finding]:
    """Slopes that are the same at every magnification: the value farthest from the exact one is shown."""
    h, left, right = record.series("h"), record.series("left"), record.series("right")
    of = {name: i for i, name in enumerate(GAPS)}
    rows = {
        "abs-left": (left[:, of["abs"]], -1.0),
        "abs-right": (right[:, of["abs"]], 1.0),
        "relu-left": (left[:, of["relu"]], 0.0),
        "relu-right": (right[:, of["relu"]], 1.0),
        "step-right": (right[:, of["step"]], 0.0),
        "step-left": (h * left[:, of["step"]], 1.0),
    }
    return [equal(name, _farthest(values, exact), exact) for name, (values, exact) in rows.items()]


def _farthest(values: Array, target: float) -> float:
    return float(values[np.argmax(np.abs(values - target))])


def _kinds(record: Record) -> list[Finding]:
    """What ``examine`` says of one example of each kind of point."""
    return [
        equal("kinds", record["kinds"], 0),
        equal("one-sided", record["sides"], 0),
        below("subdifferential", record["slopes"], 0.05, predicted=0.0),
        equal("autodiff", record["autodiff"], 0),
    ]


def _conventions(record: Record) -> list[Finding]:
    """What reverse mode returns, and where it differs from the table."""
    returned = _returned(record)
    twin, tie = returned["relu(x) − relu(−x)"], returned["max(x, 0)"]
    return [
        equal("relu-at-0", returned["relu"], 0.0),
        equal("abs-at-0", returned["|x|"], 0.0),
        equal("tie", tie, 0.5),
        equal("clip-at-bound", returned["clip"], 1.0),
        equal("root-at-0", returned["√x"], inf),
        equal("identity-at-0", twin, 0.0),
        equal("table", record["differing"], 0),
        equal("flat-elsewhere", record["elsewhere"], 0.0),
    ]


def _returned(record: Record) -> dict[str, float]:
    """The first component of each gradient of the table."""
    return dict(zip((c.name for c in CONVENTIONS), record["returned"], strict=True))


def figure(record: Record) -> Figure:
    """The functions under the microscope, the gaps, and what is returned between the slopes of both sides."""
    return Figure(
        caption=Text(
            "Left: five functions near 0, enlarged in both directions. The smooth x² has become a level line, kinks "
            "look as before, the step and the cusp are almost upright. Middle: the gap between the quotients from the "
            "right and from the left. It closes for x², stays at a kink, and grows at a jump and a cusp. Right: at a "
            "kink, the slopes between left and right as a segment, and the number that the engine returns as a point.",
            "Слева: пять функций вблизи нуля, увеличенных по обеим осям. Гладкая x² стала горизонтальной прямой, "
            "изломы выглядят как прежде, ступенька и остриё почти вертикальны. В центре: расхождение разностных "
            "отношений справа и слева. У x² оно исчезает, в изломе остаётся, у скачка и острия растёт. Справа: "
            "для каждого излома отрезок от наклона слева до наклона справа и точка: число, которое возвращает "
            "движок.",
        ),
        panels=(_enlarged(record), _closing_gaps(record), _between_the_sides(record)),
    )


def _enlarged(record: Record) -> Panel:
    times = 2**SHOWN
    views = zip(NAMES.values(), record.series("view")[SHOWN], strict=True)
    return Panel(
        title=Text(f"enlarged {times} times", f"увеличение ×{times}"),
        x=Text(f"x · {times}", f"x · {times}"),
        y=Text(f"(f(x) − f(0)) · {times}", f"(f(x) − f(0)) · {times}"),
        y_limits=(-1.6, 1.6),
        marks=tuple(curve(VIEW, heights, name, tone=tone) for tone, (name, heights) in enumerate(views)),
    )


def _closing_gaps(record: Record) -> Panel:
    h, gaps = record.series("h"), np.abs(record.series("right") - record.series("left"))
    return Panel(
        title=Text("gap between both quotients", "расхождение двух отношений"),
        x=Text("h", "h"),
        y=Text("|right − left|", "|справа − слева|"),
        x_scale="log",
        y_scale="log",
        y_limits=(gaps[gaps > 0].min() / 10, gaps.max() * 1e5),  # the names stand in the free upper corner
        marks=tuple(curve(h, gaps[:, i], name, tone=i) for i, name in enumerate(NAMES.values())),
    )


def _between_the_sides(record: Record) -> Panel:
    """For each kink the slopes from one side to the other, and the one that is returned."""
    kinks = {c.name: c.sides for c in CONVENTIONS if c.sides is not None}
    between = Text("between both sides", "между левым и правым")
    segments = (
        curve([i, i], sides, between if i == 0 else None, tone=5, style="line+points")
        for i, sides in enumerate(kinks.values())
    )
    returned = [_returned(record)[name] for name in kinks]
    return Panel(
        title=Text("kinks at 0", "изломы в нуле"),
        x=Text("function", "функция"),
        y=Text("slope", "наклон"),
        y_limits=(-1.1, 1.6),
        marks=(
            bars((Text(name, name) for name in kinks), np.zeros(len(kinks))),  # without height: they name the places
            *segments,
            curve(np.arange(len(kinks)), returned, Text("returned", "вернул движок"), style="points", tone=1),
        ),
    )


E5B = Experiment(
    number="E5b",
    title=Text("A microscope for kinks", "Изломы под микроскопом"),
    subject=Kinked(),
    faults=(
        Fault(
            "relu-one",
            Text("the derivative of ReLU at 0 is 1", "производная ReLU в нуле равна 1"),
            RELU_OF_ONE,
            breaks=("relu-at-0", "identity-at-0", "table", "autodiff"),
        ),
        Fault(
            "abs-one",
            Text("the derivative of |x| at 0 is 1", "производная |x| в нуле равна 1"),
            ABS_OF_ONE,
            breaks=("abs-at-0", "table", "autodiff"),
        ),
        Fault(
            "rounded",
            Text("|x| is rounded: √(x² + δ²)", "|x| сглажен: √(x² + δ²)"),
            ROUNDED,
            breaks=("gap-abs", "gap-cusp", "abs-left", "abs-right", "kinds", "one-sided", "subdifferential"),
        ),
    ),
    run=run,
    claims=CLAIMS,
    checks=checks,
    figure=figure,
    controls=(
        Whole(
            "zoom",
            20,
            8,
            40,
            Text("the last magnification is 2 to this power", "последнее увеличение — 2 в этой степени"),
        ),
    ),
)

EXPERIMENTS = (E5B,)
