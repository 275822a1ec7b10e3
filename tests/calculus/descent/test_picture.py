"""Pictures of descents: what is on them, that they stand still, and functions that are hard to draw."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sklon._base.errors import InputError
from sklon.calculus.descent import compare, descend
from sklon.calculus.descent.picture.frame import frame_of
from sklon.calculus.descent.picture.landscape import SIDE, heights_at, lowest_shown, seen
from sklon.calculus.descent.picture.levels import levels_of

START = [-1.2, 1.0]


def rosenbrock(x: Any) -> Any:
    """A curved valley, over which heights range from 0 to thousands."""
    return (1 - x[0]) ** 2 + 100 * (x[1] - x[0] ** 2) ** 2


RULES: dict[str, Any] = {
    "slow": {"optimizer": "sgd", "lr": 1e-3},
    "heavy": {"optimizer": "sgd", "lr": 1e-3, "momentum": 0.9},
    "adam": {"lr": 0.1},
    "lbfgs": {},
}


def test_the_same_paths_give_the_same_bytes(tmp_path: Path) -> None:
    for name in ("path.png", "path.svg"):
        first, second = (
            compare(rosenbrock, START, RULES, steps=60).picture().save(tmp_path / f"{i}{name}").read_bytes()
            for i in range(2)
        )
        assert first == second and len(first) > 20_000
    svg = (tmp_path / "0path.svg").read_text("utf-8")
    for word in (">slow<", ">heavy<", ">adam<", ">lbfgs<", ">start<", ">x1<", ">x2<", ">step<", 'fill="#ffffff"'):
        assert word in svg


@pytest.mark.parametrize(
    ("function", "start", "settings", "words"),
    [
        (lambda x: x**4 - 3 * x**2 + x, 1.8, {"lr": 0.02}, [">x<", ">f − lowest value seen<"]),
        (lambda x, y: x**2 + x * y, (1.0, 2.0), {"lr": 0.1}, [">y<"]),
        (lambda x, y: x**2 + 10 * y**2, (5.0, 1.0), {"lr": 0.105}, [">10⁶<"]),
        (lambda x, y: x**2 + 10 * y**2, (5.0, 1.0), {"lr": 0.1}, [">10<", ">20<"]),
        (lambda x, y: x**2 + 10 * y**2, (5.0, 1.0), {"lr": 10.0}, [">start<"]),
        (lambda x, y: (x * y).sqrt(), (1.0, 2.0), {"lr": 0.1}, [">start<"]),
        (lambda x, y: x * 0 + y * 0, (1.0, 2.0), {}, [">start<"]),
        (lambda x: -(x**3), 1.0, {"lr": 0.1}, [">start<"]),
        (lambda x: (x * x).sum(), [1.0, 2.0, 3.0], {"lr": 0.1}, [">step<"]),
        (lambda x, y: x**2 + 1e8 * y**2, (1e3, 1e-4), {"lr": 1e-9}, [">start<"]),
        (lambda x, y: x**2 + y**2, (0.0, 0.0), {}, [">start<"]),
    ],
)
def test_everything_can_be_drawn(function: Any, start: Any, settings: dict[str, Any], words: list[str]) -> None:
    path = descend(function, start, steps=60, **settings)
    svg = path.picture()._repr_svg_()
    for word in words:
        assert word in svg
    assert "nan" not in svg


def test_of_more_variables_two_can_be_chosen() -> None:
    path = descend(lambda u, v, w: u**2 + v**2 + 3 * w**2, (1.0, 2.0, 3.0), lr=0.1, steps=20)
    alone, plane = path.picture()._repr_svg_(), path.picture(plane=("w", "u"))._repr_svg_()
    assert ">w<" not in alone and ">w<" in plane and ">u<" in plane and ">v<" not in plane
    frame = frame_of((path,), (2, 0))
    heights = seen((path,), frame)
    x, y = (np.linspace(low, high, SIDE) for low, high in zip(frame.low, frame.high, strict=True))
    expected = y[:, None] ** 2 + path.end["v"] ** 2 + 3 * x[None, :] ** 2
    np.testing.assert_allclose(heights, expected, rtol=1e-12)
    for wrong in (("u", "u"), ("u", "z")):
        with pytest.raises(InputError, match="a plane is two of the variables u, v, w"):
            path.picture(plane=wrong)


def test_a_frame_holds_what_is_found_and_not_where_one_is_lost() -> None:
    found = compare(
        lambda x, y: x**2 + 10 * y**2,
        (5.0, 1.0),
        {"good": {"optimizer": "sgd", "lr": 0.05}, "lost": {"optimizer": "sgd", "lr": 1.0}},
    )
    frame = frame_of(tuple(found[name] for name in found), (0, 1))
    low, high = np.array(frame.low), np.array(frame.high)
    good, lost = found["good"].points, found["lost"].points
    assert ((good > low) & (good < high)).all() and frame.inside(good) == len(good)
    assert np.abs(lost).max() > 1e10 > np.abs(np.concatenate([low, high])).max()
    assert 1 <= frame.inside(lost) < len(lost)


def test_a_path_that_is_lost_takes_no_level_line_away() -> None:
    path = descend(lambda x, y: x**2 + x * y, (1.0, 2.0), lr=0.1, steps=150)
    frame = frame_of((path,), (0, 1))
    heights = seen((path,), frame)
    levels = levels_of(heights, lowest_shown((path,), frame))
    assert path.values[-1] < 10 * heights.min() < 0
    assert len(levels) > 10 and (levels > heights.min()).all() and (levels < heights.max()).all()


def test_heights_are_the_function_where_it_has_any() -> None:
    places = np.array([[-1.0], [4.0], [9.0]])
    np.testing.assert_allclose(heights_at(lambda x: x[0].sqrt(), places), [np.nan, 2, 3])
    np.testing.assert_allclose(heights_at(lambda x: x[0] if x[0].item() > 0 else -x[0], places), [1, 4, 9])


@pytest.mark.parametrize(
    "heights",
    [
        np.linspace(-3, 5, 500),
        np.geomspace(1e-9, 1e9, 500),
        np.array([np.nan, 1.0, 2.0, np.inf]),
        np.concatenate([np.zeros(400), np.ones(3)]),
    ],
)
def test_levels_ascend_within_the_heights(heights: Any) -> None:
    levels = levels_of(heights, float("inf"))
    finite = heights[np.isfinite(heights)]
    assert (np.diff(levels) > 0).all() and finite.min() <= levels[0] and levels[-1] <= finite.max()


def test_huge_ranges_have_levels_in_every_decade() -> None:
    x = np.linspace(-2, 2, 101)
    valley = (1 - x[None]) ** 2 + 100 * (x[:, None] - x[None] ** 2) ** 2
    ratios = np.diff(np.log(levels_of(valley, 0.0) - 0.0))
    np.testing.assert_allclose(ratios, ratios[0], rtol=1e-6)
    even = np.diff(levels_of(np.add.outer(x, x), float("inf")))
    np.testing.assert_allclose(even, even[0])


def test_flat_ground_has_no_levels() -> None:
    assert len(levels_of(np.ones((3, 3)), 1.0)) == len(levels_of(np.full(3, np.nan), 1.0)) == 0
