"""Schedules as text: what is written reads back, and what is no schedule is refused with one sentence that helps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklon._base.errors import InputError
from sklon.optim.schedules import (
    SCHEDULES,
    Chained,
    Constant,
    CosineAnnealing,
    Cyclic,
    Exponential,
    Lambda,
    MultiStep,
    OneCycle,
    Plateau,
    Schedule,
    Sequential,
    Step,
    Warmup,
    parse,
)
from tests.optim.schedule_rows import ALL, Row, damped, falling

WRITABLE = [row for row in ALL if row.value.writable]


@pytest.mark.parametrize("row", WRITABLE, ids=str)
def test_a_schedule_reads_back_from_its_text(row: Row) -> None:
    assert parse(str(row.value)) == row.value


def test_all_but_functions_are_written() -> None:
    assert {row.value.name for row in WRITABLE} == SCHEDULES.keys() - {"lambda", "multiplicative"}
    assert not (Warmup(3) >> Lambda(falling)).writable
    assert not Sequential([Step(3), Constant(), Cyclic(0.1, 1.0, scale_fn=damped)], [3, 9]).writable


#: parts that multiply, and others; some without their lengths
FACTORS = st.sampled_from([r.value for r in WRITABLE if r.value.chainable and r.value.name != "chained"] + [Plateau(3)])
CHAINS = st.lists(FACTORS, min_size=1, max_size=3).map(Chained)
PARTS = st.one_of(st.sampled_from([r.value for r in WRITABLE if r.value.name != "sequential"]), CHAINS)
EXPLICIT = st.lists(PARTS, min_size=1, max_size=3).map(
    lambda p: Sequential(p, [9 * (i + 1) for i in range(len(p) - 1)])
)


@st.composite
def followed(draw: st.DrawFn) -> Schedule:
    """One after another: all but the last have an end."""
    parts = draw(st.lists(st.one_of(PARTS, EXPLICIT).filter(lambda p: p.ends), max_size=3))
    return Sequential([*parts, draw(st.one_of(PARTS, EXPLICIT))])


@given(st.one_of(followed(), EXPLICIT, CHAINS))
def test_combined_schedules_read_back(schedule: Schedule) -> None:
    assert parse(str(schedule)) == schedule


@given(st.floats(0, 1e6, allow_nan=False), st.integers(1, 10**9))
def test_numbers_are_written_in_full(gamma: float, step_size: int) -> None:
    assert parse(str(Step(step_size, gamma))) == Step(step_size, gamma)
    assert parse(str(Exponential(np.float64(gamma)))) == Exponential(gamma)
    assert parse(str(Step(np.int64(step_size), np.float32(0.5)))) == Step(step_size, 0.5)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "schedule"),
    [
        ("cosine", CosineAnnealing()),
        ("cosine()", CosineAnnealing()),
        ("step(30, gamma=0.1)", Step(30)),
        ("step(step_size = 30, gamma = .5)", Step(30, 0.5)),
        ("multi_step([30, 80])", MultiStep([30, 80])),
        ("multi_step((30, 80), 0.2)", MultiStep([30, 80], 0.2)),
        ("one_cycle(max_lr=0.01)", OneCycle(max_lr=0.01)),
        ("one_cycle(anneal_strategy='linear', three_phase=True)", OneCycle(anneal_strategy="linear", three_phase=True)),
        ("warmup(100) >> cosine", Warmup(100) >> CosineAnnealing()),
        ("warmup(0.05) >> plateau(5)", Warmup(0.05) >> Plateau(5)),
        ("warmup(9) >> (cosine(9) >> step(3))", Warmup(9) >> CosineAnnealing(9) >> Step(3)),
        ("warmup(9) >> constant(0.5, 5) * exponential(0.9)", Warmup(9) >> Constant(0.5, 5) * Exponential(0.9)),
        ("sequential([step(3), cosine], milestones=[20])", Sequential([Step(3), CosineAnnealing()], [20])),
        ("cyclic(base_lr=1e-4, step_size_down=None)", Cyclic(base_lr=1e-4)),
        (" none ", None),
        ("off", None),
        ("", None),
    ],
)  # fmt: skip
def test_schedules_are_read_from_text(text: str, schedule: Schedule | None) -> None:
    assert parse(text) == schedule


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("cosin", "there is no schedule 'cosin'; did you mean cosine?"),
        ("stop(3)", "did you mean step?"),
        ("xyz", "schedules are constant, linear"),
        ("warmup(9) >> cosin", "did you mean cosine?"),
        ("step(30, gama=0.1)", "step has no setting 'gama'; did you mean gamma?"),
        ("step(30, q=1)", "settings are step_size, gamma"),
        ("step", "step takes step_size, gamma: .*missing"),
        ("step(1, 2, 3)", "step takes step_size, gamma"),
        ("step(30, step_size=30)", "step takes step_size, gamma"),
        ("step(0)", "step_size must be a whole number of at least 1, not 0"),
        ("step([3])", "step_size must be a whole number"),
        ("step(cosine)", "step_size must be a whole number"),
        ("exponential(1e999)", "gamma must be a number of at least 0"),
        ("step('30')", "step_size"),
        ("warmup(100) > cosine", "are written with >>"),
        ("exponential(0.9) >> cosine", "has no end"),
        ("cosine * one_cycle", "cannot be chained"),
        ("lambda t: 0.5", "no schedule; write for instance"),
        ("multiplicative(0.9)", "holds a Python function"),
        ("cosine + step(3)", "no schedule; write for instance"),
        ("step(30)(2)", "no schedule"),
        ("step(x)", "there is no schedule 'x'"),
        ("step(30", "no schedule; write for instance"),
        ("step(1 + 1)", "no schedule"),
        ("__import__('os').system('true')", "no schedule"),
        ("step(**{'step_size': 3})", "no setting"),
        ("step(*[3])", "no schedule"),
        ("'cosine'", "no schedule"),
        ("3", "no schedule"),
        ("cosine; step(3)", "no schedule"),
        ("co\0sine", "no schedule"),
        ("(" * 500, "no schedule"),
        ("-" * 50_000 + "1", "no schedule"),
    ],
    ids=lambda value: value[:40],
)
def test_what_is_no_schedule_is_refused(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        parse(text)


@given(st.text(alphabet="cosine step(30,gm=.1)>*[]'w", max_size=30))
def test_any_text_is_a_schedule_or_refused(text: str) -> None:
    try:
        found = parse(text)
    except InputError:
        return
    assert found is None or parse(str(found)) == found
