"""Settings as links: there and back, canonical, and safe against any stranger's link."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklon.lab.controls import Choice, Real, Whole
from sklon.lab.playground import CONTROLS, query_of, query_of_two, settings_beside, settings_of, two_queries
from sklon.lab.playground.controls import DEFAULTS, ROWS


def values_of(control: Any) -> st.SearchStrategy[Any]:
    """All values that a control allows."""
    if isinstance(control, Choice):
        return st.sampled_from(control.options)
    if isinstance(control, Whole):
        return st.integers(control.low, control.high)
    assert isinstance(control, Real)
    return st.floats(control.low, control.high)


ALLOWED = st.fixed_dictionaries({}, optional={row.name: values_of(row.control) for row in CONTROLS})


@given(ALLOWED)
@settings(deadline=None)
def test_settings_come_back_from_their_link(chosen: dict[str, Any]) -> None:
    found, notes = settings_of(query_of(chosen))
    assert found == {**DEFAULTS, **chosen} and notes == ()


@given(ALLOWED)
@settings(deadline=None)
def test_a_link_is_canonical(chosen: dict[str, Any]) -> None:
    query = query_of(chosen)
    assert query == query_of({**DEFAULTS, **dict(reversed(chosen.items()))}) == query_of(settings_of(query)[0])
    differing = [name for name in chosen if chosen[name] != DEFAULTS[name]]
    assert query.count("=") == len(differing)
    assert all(part.isascii() and " " not in part for part in query.split("&"))


@given(st.text(max_size=300) | st.text(alphabet="=&%+;?0129abcdefwidth", max_size=300))
@settings(deadline=None)
def test_no_text_raises_and_all_values_are_within_bounds(text: str) -> None:
    found, _ = settings_of(text)
    assert found.keys() == DEFAULTS.keys()
    assert all(ROWS[name].control.read(value) == value for name, value in found.items())


@given(st.dictionaries(st.sampled_from([*ROWS, "x", ""]), st.text(max_size=40)))
@settings(deadline=None)
def test_any_values_are_brought_within_bounds_and_said(pairs: dict[str, str]) -> None:
    found, notes = settings_of("&".join(f"{name}={quote(value)}" for name, value in pairs.items()))
    noted = {note.name for note in notes}
    for name, value in found.items():
        assert ROWS[name].control.read(value) == value
        assert name in noted or name not in pairs or query_of({name: value}) == query_of({name: pairs[name]})


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("width=100000", "nearest"),
        ("width=<b>", "cannot be"),
        ("colour=red", "no setting colour"),
        ("seed=" + "9" * 4000, "cannot be"),
        ("learning_rate=nan", "cannot be"),
        ("optimizer=__import__('os')", "cannot be"),
        ("__class__=1", "no setting"),
        ("stopping=patience(20)&stopping=time_limit(0)", "cannot be"),
        ("schedule=lambda", "cannot be"),
    ],
)
def test_what_a_hostile_link_wants_is_said_and_not_done(query: str, said: str) -> None:
    found, notes = settings_of(query)
    assert any(said in note.says.en for note in notes) and all(note.says.ru for note in notes)
    assert found == {**DEFAULTS, **({"width": 64} if "100000" in query else {})}


def test_a_link_has_an_end() -> None:
    found, notes = settings_of("&".join(f"a{i}=1" for i in range(100_000)) + "&width=2")
    assert found == DEFAULTS and len(notes) <= 64


def test_the_link_of_the_defaults_is_empty() -> None:
    assert query_of(DEFAULTS) == query_of({}) == ""
    assert settings_of("") == (dict(DEFAULTS), ())


@given(ALLOWED, ALLOWED)
@settings(deadline=None)
def test_two_runs_come_back_from_their_link(first: dict[str, Any], second: dict[str, Any]) -> None:
    query = query_of_two(first, second)
    one, own = two_queries(query)
    assert own is not None
    found, notes = settings_of(one)
    beside, more = settings_beside(found, own)
    assert (found, beside) == ({**DEFAULTS, **first}, {**DEFAULTS, **second}) and notes == more == ()
    assert query_of_two(found, beside) == query, "canonical"


@given(ALLOWED)
@settings(deadline=None)
def test_a_link_of_one_run_has_no_second_one(chosen: dict[str, Any]) -> None:
    one, own = two_queries(query_of(chosen))
    assert own is None and settings_of(one) == settings_of(query_of(chosen))


@given(st.text(max_size=300) | st.text(alphabet="b.=&%+;?0129acdefwidth", max_size=300))
@settings(deadline=None)
def test_no_text_makes_a_second_run_that_is_out_of_bounds(text: str) -> None:
    one, own = two_queries(text)
    found, _ = settings_beside(settings_of(one)[0], own or {})
    assert found.keys() == DEFAULTS.keys()
    assert all(ROWS[name].control.read(value) == value for name, value in found.items())


def test_what_a_link_wants_of_the_second_run_is_brought_within_the_same_bounds() -> None:
    one, own = two_queries("width=4&b.width=100000&b.colour=red&b.b.width=3&b.mode=step")
    assert own is not None
    found, notes = settings_beside(settings_of(one)[0], own)
    assert found == {**DEFAULTS, "width": 64}
    assert [note.name for note in notes] == ["width", "colour", "b.width", "mode"]


def test_the_second_run_of_a_link_is_the_first_but_for_what_is_said() -> None:
    assert query_of_two({"width": 4}, {"width": 8}) == "width=4&b.width=8", "8 is the default, and is said all the same"
    assert two_queries("b=whatever&width=4") == ("width=4", {})
