"""The interpreter of programs: the example by hand, and what a missing barrier does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sklon.program.interpret import Order, interpret_step
from sklon.program.text import parse_program

from .example import SOUND

Array = np.ndarray[Any, Any]
ROWS = 130


def arrays() -> dict[str, Array]:
    """A table, the rows of the step, and w."""
    rng = np.random.default_rng(0)
    return {
        "X": rng.standard_normal((200, 8)).astype(np.float32),
        "rows": rng.integers(0, 200, ROWS).astype(np.int32),
        "w": rng.standard_normal((8, 8)).astype(np.float32),
    }


@pytest.mark.parametrize("order", [range, lambda n: range(n)[::-1]], ids=["forwards", "backwards"])
def test_the_example(order: Order) -> None:
    bound = arrays()
    w = bound["w"].copy()
    outputs = interpret_step(parse_program(SOUND), bound, [0.5], ROWS, order)
    h = np.maximum(bound["X"][bound["rows"]] @ w.T, 0)
    np.testing.assert_allclose(outputs["loss"], (h * h).sum() / ROWS, rtol=1e-5)
    np.testing.assert_array_equal(outputs["old"], w)
    np.testing.assert_array_equal(bound["w"], 0.5 * w)


def test_without_a_barrier_the_result_depends_on_the_order() -> None:
    text = SOUND.replace("phase\n  track N block=64\n    loop contract", "  track N block=64\n    loop contract")
    program = parse_program(text)
    assert np.isfinite(interpret_step(program, arrays(), [0.5], ROWS)["loss"])
    assert np.isnan(interpret_step(program, arrays(), [0.5], ROWS, lambda n: range(n)[::-1])["loss"])


def test_what_was_never_written_is_not_a_number() -> None:
    text = SOUND.replace("loop map [N,8] over []", "loop map [N,7] over []")
    assert np.isnan(interpret_step(parse_program(text), arrays(), [0.5], ROWS)["loss"])
