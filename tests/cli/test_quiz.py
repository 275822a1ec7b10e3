"""``sklon lab quiz`` and ``sklon lab progress`` as a learner meets them."""

from __future__ import annotations

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.commands import Command

Typing = Callable[..., None]
"""Types lines into the command; then the input ends."""


@pytest.fixture(name="kept", autouse=True)
def _kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The file of progress of this test."""
    path = tmp_path / "progress.json"
    monkeypatch.setenv("SKLON_PROGRESS", str(path))
    return path


@pytest.fixture(name="typing")
def _typing(monkeypatch: pytest.MonkeyPatch) -> Typing:
    """Types lines; then the input ends."""

    def typing(*lines: str) -> None:
        monkeypatch.setattr(sys, "stdin", io.StringIO("".join(f"{line}\n" for line in lines)))

    return typing


def reviews(kept: Path) -> list[dict[str, object]]:
    held = json.loads(kept.read_text("utf-8"))["reviews"]
    assert isinstance(held, list)
    return held


def test_answers_are_marked_kept_and_come_again(command: Command, typing: Typing, kept: Path) -> None:
    typing("", "+", "2", "")
    code, out, err = command("lab", "quiz", "Q1", "--lang", "en", "--seed", "0")
    assert code == 0 and out == "3 asked, 2 right\n"
    assert "Q1  Define the derivative" in err and "1. It is the rate of change" in err
    assert "Right. It is 2." in err and "Wrong.\nIt was this one:\n  – " in err and err.count("Next review in ") == 3
    assert [(r["item"], r["rating"]) for r in reviews(kept)] == [
        ("Q1/recall-1", "good"),
        ("E1/central-order", "easy"),
        ("Q1/false-1", "again"),
    ]


def test_it_speaks_russian_and_takes_decimal_commas(command: Command, typing: Typing) -> None:
    typing("", "1", "2,0", "q")
    code, out, err = command("lab", "quiz", "derivative", "--lang", "ru")
    assert code == 0 and out == "вопросов: 2, верно: 1\n"
    assert "Дайте определение производной" in err and "Верно. Правильный ответ: 2." in err
    assert "Не прозвучало:" in err and "$" not in err


def test_what_is_typed_wrong_is_asked_again(command: Command, typing: Typing, kept: Path) -> None:
    typing("", "7", "1", "two", "2", "x", "9", "1")
    code, _, err = command("lab", "quiz", "Q1", "--lang", "en", "--seed", "0")
    assert code == 0
    assert "write a number from 1 to 3" in err and "“two” is no number; write one such as" in err
    assert len(reviews(kept)) == 3


def test_an_active_fault_shows_numbers_without_a_verdict(command: Command, typing: Typing, kept: Path) -> None:
    typing("", "+", "2", "1", "1")
    code, _, err = command("lab", "quiz", "Q1", "--lang", "en", "--seed", "1")
    assert code == 0 and "Running E1…" in err and "was run once, perhaps with a fault built in" in err
    assert "measured" in err and "FAILS" not in err.split("What notices it")[0]
    assert reviews(kept)[-1]["item"] == "E1/fault"


def test_an_interview_says_at_the_end_what_was_missed(command: Command, typing: Typing, kept: Path) -> None:
    typing(*[""] * 12)
    code, out, err = command("lab", "quiz", "--interview", "3", "--lang", "en", "--seed", "2")
    assert code == 0 and out.endswith("3 asked, 0 right\n") and " 0 % " in out
    assert "1 of 3: " in err and "Next review" not in err
    held = json.loads(kept.read_text("utf-8"))
    assert [len(i["answers"]) for i in held["interviews"]] == [3] and len(held["reviews"]) == 3


def test_new_items_have_a_limit_and_json_is_one_object(command: Command, typing: Typing) -> None:
    typing(*["", "+"] * 3)
    code, out, _ = command("lab", "quiz", "Q1", "--new", "1", "--json", "--lang", "en")
    found = json.loads(out)
    assert code == 0 and found["asked"] == found["right"] == 1
    assert found["items"][0]["item"] == "Q1/recall-1"
    assert (
        command("lab", "quiz", "Q1", "--new", "1", "--lang", "en")[1]
        == "nothing was asked; sklon lab progress says what is due\n"
    )


def test_progress_is_told_copied_and_taken_in(command: Command, typing: Typing, kept: Path) -> None:
    assert command("lab", "progress", "--lang", "en")[1].startswith("0 of 143 begun, 0 due, 10 new today; reviews: 0")
    assert not kept.exists()
    typing("", "+")
    command("lab", "quiz", "Q1", "--lang", "en")
    copy = kept.with_name("copy.json")
    code, out, _ = command("lab", "progress", "--export", str(copy), "--json")
    assert code == 0 and json.loads(out)["begun"] == 1 and json.loads(out)["next"]
    kept.unlink()
    code, out, _ = command("lab", "progress", "--import", str(copy), "--lang", "ru")
    assert code == 0 and out.startswith("начато 1 из 143, ") and "Следующее повторение через " in out
    assert kept.read_bytes() == copy.read_bytes()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["quiz", "Q99"], "there is no question"),
        (["quiz", "--lang", "fr"], "the lab speaks"),
        (["progress", "--import", "none.json"], "there is no file none.json"),
    ],
)
def test_a_mistake_is_one_sentence(arguments: list[str], sentence: str, command: Command) -> None:
    code, out, err = command("lab", *arguments)
    assert code == 2 and out == "" and sentence in err and err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["quiz", "Q99"], "Нет ни вопроса, ни опыта «Q99»; возможно, нужен Q9"),
        (["quiz", "?"], "Нет ни вопроса, ни опыта «?»; все показывает sklon lab list"),
        (["progress", "--import", "none.json"], "Файла none.json нет"),
        (["progress", "--export", "."], "Файл . уже есть; дайте другое имя"),
    ],
)
def test_a_russian_learner_is_told_of_a_mistake_in_russian(
    arguments: list[str], sentence: str, command: Command
) -> None:
    code, out, err = command("lab", *arguments, "--lang", "ru")
    assert code == 2 and out == "" and sentence in err and err.count("\n") == 1


@pytest.mark.parametrize("arguments", [["quiz"], ["quiz", "--interview", "2"], ["progress"]])
def test_a_damaged_file_is_told_of_in_russian(arguments: list[str], command: Command, kept: Path) -> None:
    kept.write_text("{", "utf-8")
    code, out, err = command("lab", *arguments, "--lang", "ru")
    assert code == 2 and out == "" and f"Файл {kept} повреждён (строка 1) и оставлен как есть" in err
    assert "is damaged" not in err and err.count("\n") == 1


@pytest.mark.parametrize("arguments", [["quiz"], ["quiz", "--interview", "2"], ["progress"]])
def test_a_damaged_file_is_refused_before_anything_is_asked(arguments: list[str], command: Command, kept: Path) -> None:
    kept.write_text("{", "utf-8")
    code, out, err = command("lab", *arguments)
    assert code == 2 and out == "" and "is damaged (line 1)" in err and err.count("\n") == 1
    assert kept.read_text("utf-8") == "{"


def test_without_its_library_the_quiz_says_what_to_install(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [m for m in sys.modules if m.startswith("sklon.lab.learning")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.delattr("sklon.lab.learning", raising=False)
    monkeypatch.setitem(sys.modules, "fsrs", None)
    code, _, err = command("lab", "quiz")
    assert code == 2 and "this needs fsrs: pip install 'sklon[lab]'" in err
    code, _, err = command("lab", "quiz", "--lang", "ru")
    assert code == 2 and "нужна библиотека fsrs: pip install 'sklon[lab]'" in err
