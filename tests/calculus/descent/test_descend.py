"""Paths: those of PyTorch's optimizers, how they end and why, and what they cost."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import sklon
from sklon import optim
from sklon._base.errors import InputError
from sklon.calculus.descent import Descent, compare, descend
from sklon.calculus.subject import subject_of
from sklon.optim.named import OPTIMIZERS
from sklon.optim.schedules import parse
from sklon.tensors.programs import counters
from tests.optim.rows import ROWS

START = [-1.2, 1.0]
STEPS = 40
LBFGS = {"max_iter": 1, "max_eval": 50, "tolerance_grad": 0.0, "tolerance_change": 0.0}


def rosenbrock(x: Any) -> Any:
    """Least at (1, 1), at the end of a curved valley; for two libraries of tensors."""
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


def bowl(x: sklon.Tensor, y: sklon.Tensor) -> sklon.Tensor:
    """Curvatures 2 and 20."""
    return x**2 + 10 * y**2


def by_hand(library: Any, optimizer: Any, steps: int = STEPS, start: Any = START) -> np.ndarray[Any, Any]:
    """The path of one library's optimizer on Rosenbrock's valley, in a loop of its own."""
    x = library.tensor(np.array(start), requires_grad=True)
    moving = optimizer([x])
    points = [x.detach().numpy().copy()]

    def closure() -> Any:
        moving.zero_grad()
        loss = rosenbrock(x)
        loss.backward()
        return loss

    for _ in range(steps):
        moving.step(closure)
        points.append(x.detach().numpy().copy())
    return np.array(points)


# ---- the path
@pytest.mark.parametrize("name", [name for name, row in ROWS.items() if row.ours is not None and not row.matrices])
def test_a_path_is_pytorchs(name: str) -> None:
    torch = pytest.importorskip("torch")
    row = ROWS[name]
    settings = {**row.shared, **({"lr": 1e-4} if name in ("sgd", "radam") else {})}
    theirs = by_hand(torch, lambda params: getattr(torch.optim, row.name)(params, **settings))
    ours = descend(rosenbrock, START, name, steps=STEPS, **settings)
    np.testing.assert_allclose(ours.points, theirs, rtol=1e-8)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_a_path_is_that_of_a_loop_by_hand(name: str) -> None:
    more: dict[str, Any] = {**LBFGS, "line_search_fn": "strong_wolfe"} if name == "lbfgs" else {"lr": 1e-3}
    if name == "muon":
        more.update(adjust_lr_fn="match_rms_adamw", others="adamw")
    hand = by_hand(sklon, lambda params: OPTIMIZERS[name](params, **more))
    path = descend(rosenbrock, START, name, steps=STEPS, lr=None if name == "lbfgs" else 1e-3)
    np.testing.assert_allclose(path.points, hand[: len(path.points)], rtol=1e-12, atol=1e-14)


def test_lbfgs_is_pytorchs() -> None:
    torch = pytest.importorskip("torch")
    settings = {**LBFGS, "line_search_fn": "strong_wolfe"}
    theirs = by_hand(torch, lambda params: torch.optim.LBFGS(params, **settings), steps=25)
    ours = descend(rosenbrock, START, "lbfgs", steps=25)
    np.testing.assert_allclose(ours.points, theirs, rtol=1e-6, atol=1e-8)


def test_what_is_seen_on_the_way() -> None:
    path = descend(rosenbrock, START, "sgd", lr=1e-3, steps=10)
    x, y = path.points.T
    gradient = np.stack([-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)])
    np.testing.assert_allclose(path.values, (1 - x) ** 2 + 100 * (y - x * x) ** 2, rtol=1e-13)
    np.testing.assert_allclose(path.gradient_norms, np.linalg.norm(gradient, axis=0), rtol=1e-12)
    np.testing.assert_allclose(path.step_lengths, 1e-3 * path.gradient_norms[:-1], rtol=1e-9)
    assert path.points.shape == (11, 2) and path.points.dtype == path.values.dtype == np.float64
    assert path.end == {"x1": path.points[-1, 0], "x2": path.points[-1, 1]}


@pytest.mark.parametrize(
    "text", ["exponential(0.9)", "warmup(5) >> cosine", "plateau(2, factor=0.5)", "one_cycle(0.01)"]
)
def test_a_schedule_moves_the_rate(text: str) -> None:
    path = descend(bowl, (5.0, 1.0), "sgd", lr=0.01, steps=30, schedule=text)
    schedule = parse(text)
    assert schedule is not None
    rates, values = [0.01], path.values.tolist()
    for t in range(30):
        rates.append(schedule.over(30).next(t, rates[-1], 0.01) if t else schedule.over(30).first(0.01, 0.01))
        if schedule.reads_curve:
            rates[-1] = schedule.next(t, schedule.observe(t, values[:t], rates[-2]) if t else 0.01, 0.01)
    if schedule.moves_momentum:
        return  # the steps are longer than rates times gradients
    np.testing.assert_allclose(path.step_lengths, rates[1:] * path.gradient_norms[:-1], rtol=1e-9)


def test_other_units_are_another_function() -> None:
    units = np.array([1e3, 1e-2])
    scaled = descend(rosenbrock, [2e3, 3e-2], "adam", lr=0.1, steps=30, scale=units)
    other = descend(lambda z: rosenbrock(z * sklon.tensor(units)), [2.0, 3.0], "adam", lr=0.1, steps=30)
    np.testing.assert_allclose(scaled.points, other.points * units, rtol=1e-13)
    np.testing.assert_allclose(scaled.values, other.values, rtol=1e-13)
    x, y = scaled.points[0]
    slope = [-2 * (1 - x) - 400 * x * (y - x * x), 200 * (y - x * x)]
    assert scaled.gradient_norms[0] == pytest.approx(np.linalg.norm(slope), rel=1e-12)
    named = descend(rosenbrock, [2e3, 0.0], "adam", steps=3, scale="start")
    np.testing.assert_array_equal(named.units, [2e3, 1.0])


@pytest.mark.parametrize(
    ("function", "start", "names"),
    [
        (lambda x: (x - 1) ** 2, 3.0, ("x",)),
        (lambda a, b: a * a + b * b, (1.0, 2.0), ("a", "b")),
        (lambda u, v: (u - v) ** 2 + u * u, {"v": 1.0, "u": 2.0}, ("v", "u")),
        (lambda x: (x * x).sum(), [1.0, 2.0, 3.0], ("x1", "x2", "x3")),
    ],
)
def test_a_start_says_how_a_function_is_called(function: Any, start: Any, names: tuple[str, ...]) -> None:
    path = descend(function, start, lr=0.1, steps=300)
    assert path.subject.names == names and path.outcome.kind == "converged"
    subject, point = subject_of(function, start)
    again = descend(subject, point, lr=0.1, steps=300)
    np.testing.assert_array_equal(path.points, again.points)


# ---- what it costs
@pytest.mark.parametrize("name", ["sgd", "adam", "lbfgs", "adamw_schedule_free"])
def test_steps_need_no_programs_of_their_own(name: str) -> None:
    def programs(steps: int) -> int:
        before = counters.compiled
        descend(rosenbrock, START, name, steps=steps, schedule="exponential(0.99)")
        return counters.compiled - before

    few = programs(3)
    assert programs(60) <= few <= 4


def test_a_function_may_look_at_values() -> None:
    def huber(x: sklon.Tensor) -> sklon.Tensor:
        return x * x if abs(x.item()) < 1 else 2 * x.abs() - 1

    path = descend(huber, 3.0, lr=0.5, steps=20)
    assert path.outcome.kind == "converged" and path.points[1, 0] == pytest.approx(2.0)


# ---- how it ends
ENDINGS: list[tuple[str, Callable[..., Any], Any, dict[str, Any], str, str]] = [
    ("to the minimum", bowl, (5.0, 1.0), {"lr": 0.05, "steps": 500}, "converged", "after "),
    ("at it", bowl, (0.0, 0.0), {}, "converged", "length is 0 after 0 steps"),
    ("too few", bowl, (5.0, 1.0), {"lr": 0.01, "steps": 1}, "unfinished", "1 step were not enough"),
    ("too fast", bowl, (5.0, 1.0), {"lr": 0.155, "steps": 50}, "diverged", "η·λmax = 0.155·20 = 3.1 is above 2"),
    ("heavy", bowl, (5.0, 1.0), {"lr": 0.2, "momentum": 0.5}, "diverged", "= 4 is above 3"),
    (
        "nesterov",
        bowl,
        (5.0, 1.0),
        {"lr": 0.1, "momentum": 0.5, "nesterov": True},
        "diverged",
        "= 2 is above 1.5",
    ),
    (
        "saddle",
        lambda x, y: x**2 + x * y,
        (1.0, 2.0),
        {"lr": 0.1, "steps": 50},
        "diverged",
        "to −25.74 in 50 steps; f has no minimum",
    ),
    ("uphill", bowl, (5.0, 1.0), {"lr": 0.05, "maximize": True}, "diverged", "the rule climbs"),
    ("off the cliff", lambda x: -(x**3), 1.0, {"lr": 0.1}, "diverged", "the path ends before it"),
    (
        "out of the domain",
        lambda x: x - 2 * x.sqrt(),
        4.0,
        {"lr": 20.0},
        "diverged",
        "step 1 led to (−6), where f is undefined",
    ),
    ("hopping", lambda x: x.abs(), 1.05, {"lr": 0.1, "steps": 100}, "stalled", "f has not been lower"),
    ("resting", lambda x: 1e8 * (x * x - 2) ** 2, 1.0, {"lr": 3e-10, "steps": 200}, "stalled", "nothing moves after"),
    ("without a slope", lambda x: x * 0 + 1.0, 1.0, {}, "converged", "length is 0 after 0 steps"),
]


@pytest.mark.parametrize(
    ("function", "start", "settings", "kind", "why"), [e[1:] for e in ENDINGS], ids=[e[0] for e in ENDINGS]
)
def test_an_ending_and_its_reason(function: Any, start: Any, settings: dict[str, Any], kind: str, why: str) -> None:
    path = descend(function, start, "sgd", **settings)
    assert path.outcome.kind == kind, path.outcome
    assert why in path.outcome.reason
    assert all(np.isfinite(a).all() for a in (path.points, path.values, path.gradient_norms))


def test_the_path_is_kept_until_it_is_lost() -> None:
    path = descend(bowl, (5.0, 1.0), "sgd", lr=10.0, steps=500)
    assert path.outcome.kind == "diverged" and "led to" in path.outcome.reason
    assert 10 < len(path.points) < 500
    step = int(path.outcome.reason.split()[1])
    assert step == len(path.points)


def test_lbfgs_without_a_search_may_be_lost_too() -> None:
    path = descend(lambda x: x - 2 * x.sqrt(), 4.0, "lbfgs", lr=20.0, line_search_fn=None)
    assert path.outcome.kind == "diverged" and "step 1 led to (−6), where f is undefined" in path.outcome.reason
    assert path.points.tolist() == [[4.0]]


# ---- several
def test_several_rules_side_by_side() -> None:
    found = compare(
        rosenbrock,
        START,
        {
            "sgd": {"lr": 1e-3},
            "heavy": {"optimizer": "sgd", "lr": 1e-3, "momentum": 0.9},
            "lbfgs": {},
            "L-BFGS": "lbfgs",
            "own": lambda parameters: optim.Adam(parameters, lr=0.1),
        },
        steps=50,
    )
    assert list(found) == ["sgd", "heavy", "lbfgs", "L-BFGS", "own"] and len(found) == 5
    np.testing.assert_array_equal(found["lbfgs"].points, found["L-BFGS"].points)
    np.testing.assert_array_equal(found["own"].points, descend(rosenbrock, START, "adam", lr=0.1, steps=50).points)
    assert [line.split()[0] for line in str(found).splitlines()] == ["rule", *found]
    assert json.loads(json.dumps(found.json())).keys() == {*found}
    assert "L-BFGS" in found._repr_html_()


def test_a_descent_tells_itself() -> None:
    path: Descent = descend(bowl, (5.0, 1.0), "sgd", lr=0.05, momentum=0.5, steps=20)
    assert path.label == "SGD, lr = 0.05, momentum = 0.5"
    assert "20 steps were not enough" in str(path) and "x = 5, y = 1, f = 35" in str(path)
    told = json.loads(json.dumps(path.json()))
    assert told["variables"] == ["x", "y"] and len(told["points"]) == 21 and told["outcome"] == "unfinished"
    assert "<svg" in path._repr_html_()
    own = descend(bowl, (5.0, 1.0), lambda parameters: optim.Adam(parameters, lr=0.1, amsgrad=True), steps=1)
    assert own.label == "Adam, lr = 0.1, amsgrad = True"


# ---- refusals
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"optimizer": "sdg"}, "there is no optimizer called 'sdg'; use one of sgd, adam"),
        ({"optimizer": 3}, "or a function that makes one from its parameters, not a int"),
        ({"optimizer": lambda p: None}, "gave a NoneType; write lambda parameters"),
        ({"optimizer": lambda p: optim.SGD([sklon.ones(1, requires_grad=True)])}, "moves other tensors"),
        ({"optimizer": optim.SGD, "lr": 0.1}, "belong to the function that makes the optimizer"),
        ({"steps": -1}, "steps must be a whole number of at least 0"),
        ({"scale": "end"}, "\"start\", not 'end'"),
        ({"scale": [1.0, 0.0]}, "one number other than 0 for each of the 2 variables"),
        ({"scale": [1.0]}, "one number other than 0 for each of the 2 variables"),
        ({"lr": -0.1}, "lr must be at least 0"),
        ({"schedule": "nonsense"}, "nonsense"),
    ],
)
def test_what_cannot_be_used_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InputError, match=message.replace("(", r"\(")):
        descend(bowl, (5.0, 1.0), **settings)


def test_a_start_outside_the_domain_is_refused() -> None:
    with pytest.raises(InputError, match=r"f is undefined at the start \(−1\); start where the function"):
        descend(lambda x: x.sqrt(), -1.0)
    with pytest.raises(InputError, match="the gradient is ∞ at the start"):
        descend(lambda x: x.sqrt(), 0.0)
    with pytest.raises(InputError, match="gives one number"):
        descend(lambda x: x * 2, [1.0, 2.0])
    with pytest.raises(InputError, match="does not follow from its variables by functions of sklon"):
        descend(lambda x: np.sin(x.item()), 1.0)
    with pytest.raises(InputError, match="rules are named settings"):
        compare(bowl, (1.0, 1.0), {})
    with pytest.raises(TypeError, match="has no setting 'momentun'"):
        descend(bowl, (1.0, 1.0), momentun=0.9)
