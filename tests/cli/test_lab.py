"""``sklon lab`` as a user meets it: results, streams, exit codes, and what a mistake leaves behind."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

import pytest

from sklon.lab import all_questions
from tests.cli.commands import Command

SEED = Path(__file__).parents[3] / "shared" / "seed" / "notes.ru.md"
NOTES = """\
## Derivative

1. What does the derivative of a function tell?
   - The slope.

## Kitchen

1. Tea or coffee?
"""


@pytest.fixture(name="notes")
def _notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Notes with one question of ours and another, in the current folder."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "notes.md"
    path.write_text(NOTES, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", ["list", "run", "answer", "report", "cards", "quiz", "progress"])
def test_every_command_has_help_with_an_example(name: str, command: Command) -> None:
    code, out, err = command("lab", name, "--help")
    assert code == 0 and err == ""
    assert f"Example: sklon lab {name}" in out


def test_the_page_has_help_with_an_example(command: Command) -> None:
    code, out, err = command("lab", "--help")
    assert code == 0 and err == ""
    assert "Example: sklon lab --lang ru" in out and all(flag in out for flag in ("--port", "--lang", "--no-browser"))


@pytest.mark.parametrize(
    ("words", "said", "opened"),
    [
        ([], "The lab is at http://127.0.0.1:8733/", ["http://127.0.0.1:8733/"]),
        (["--lang", "ru"], "The lab is at http://127.0.0.1:8733/ru/", ["http://127.0.0.1:8733/ru/"]),
        (["--no-browser"], "The lab is at http://127.0.0.1:8733/", []),
        (["--port", "8700"], "Port 8700 is busy, so the page is at 8733.", ["http://127.0.0.1:8733/"]),
        (["--port", "0"], "The lab is at http://127.0.0.1:8733/", ["http://127.0.0.1:8733/"]),
    ],
    ids=["alone", "in Russian", "without a browser", "at a busy port", "at any port"],
)
def test_without_a_command_the_page_opens(
    words: list[str], said: str, opened: list[str], command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    browsed: list[str] = []
    monkeypatch.setattr("webbrowser.open", browsed.append)
    monkeypatch.setattr(
        "sklon.lab.page.server.serve", lambda language, port, ready: ready("http://127.0.0.1:8733/", 8733)
    )
    code, out, err = command("lab", *words)
    assert (code, out, browsed) == (0, "", opened) and said in err


def test_without_its_library_the_page_says_what_to_install(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sklon.lab.page.server", None)
    monkeypatch.delattr("sklon.lab.page.server", raising=False)
    code, _, err = command("lab")
    assert code == 2 and "pip install 'sklon[lab]'" in err


def test_list_names_every_question(command: Command) -> None:
    code, out, _ = command("lab", "list", "--lang", "ru")
    assert code == 0
    lines = out.splitlines()
    assert [line.split()[0] for line in lines] == [q.number for q in all_questions()]
    assert all(q.answers["ru"].title in line for q, line in zip(all_questions(), lines, strict=True))
    rows = json.loads(command("lab", "list", "--json")[1])["questions"]
    assert rows[0]["experiments"] == ["E1"]


def test_run_prints_a_line_for_each_check(command: Command) -> None:
    code, out, err = command("lab", "run", "Q1", "--lang", "en")
    assert code == 0 and err == ""
    assert out.startswith("E1 Three ways to differentiate\n")
    assert out.count("  holds  ") == 7 and "FAILS" not in out


def test_run_with_a_fault_shows_what_notices_it(command: Command) -> None:
    code, out, _ = command("lab", "run", "E1", "--fault", "--lang", "en")
    assert code == 0 and "FAILS" in out and "with the fault" in out


def test_run_takes_controls_and_gives_json(command: Command) -> None:
    code, out, _ = command("lab", "run", "derivative", "--set", "x=0,5", "--json")
    result = json.loads(out)
    assert code == 0 and result["as_expected"] is True
    assert result["results"][0]["controls"] == {"x": 0.5}
    assert {c["name"] for c in result["results"][0]["checks"]} >= {"central-order", "reverse-error"}


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["run", "Q99"], "there is no question or experiment 'Q99'"),
        (["run", "Q1", "--set", "x"], "--set takes NAME=VALUE"),
        (["run", "Q1", "--set", "x=9"], "x is a number from -0.9 to 0.9, not 9"),
        (["run", "Q1", "--set", "y=1"], "Q1 has no control 'y'; it has x"),
        (["run", "Q1", "--lang", "fr"], "the lab speaks en and ru, not 'fr'"),
        (["answer", "none.md"], "there is no file none.md"),
        (["answer", "notes.md", "-o", "notes.md"], "notes.md is the file of notes itself"),
        (["answer", "notes.md", "--json"], "it needs --output"),
        (["answer", "binary.md"], "binary.md is no text in UTF-8"),
        (["answer", "empty.md"], "empty.md has no questions"),
        (["report", "-o", "folder"], "folder is a folder"),
        (["answer", "notes.md", "-o", "none/x.md"], "the folder none does not exist"),
        (["answer", "notes.md", "-o", "taken.md"], "but that is a file"),
        (["report", "-o", "none/report.html"], "report.html cannot be written"),
        (["cards", "-o", "none/cards.tsv"], "cards.tsv cannot be written"),
    ],
)
def test_a_mistake_is_one_sentence_and_leaves_nothing(
    arguments: list[str], sentence: str, notes: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    (notes.parent / "binary.md").write_bytes(b"\xff\xfe\x00\x80")
    (notes.parent / "empty.md").write_text("Words.\n", encoding="utf-8")
    (notes.parent / "folder").mkdir()
    (notes.parent / "taken-figures").write_text("mine", encoding="utf-8")
    monkeypatch.setattr("sklon.lab.writing.all_questions", lambda: all_questions()[:1])
    before = sorted(p.name for p in notes.parent.rglob("*"))
    code, out, err = command("lab", *arguments, "--quiet")
    assert code == 2 and out == ""
    assert err.startswith("error: ") and sentence in err and err.count("\n") == 1
    assert sorted(p.name for p in notes.parent.rglob("*")) == before
    assert notes.read_text("utf-8") == NOTES


def test_answer_writes_a_file_with_its_figures(notes: Path, command: Command) -> None:
    code, out, err = command("lab", "answer", "notes.md", "-o", "answered.md")
    assert code == 0
    assert out == "1 questions found (1 right), 1 not recognized: answered.md\n"
    assert "measuring E1\n" in err and "line 8: Tea or coffee?" in err
    text = (notes.parent / "answered.md").read_text("utf-8")
    assert "(answered-figures/E1.svg)" in text and "✓ Right." in text
    picture = (notes.parent / "answered-figures" / "E1.svg").read_text("utf-8")
    assert picture.startswith("<svg") and "var(--" not in picture and "currentColor" not in picture


def test_answer_without_output_prints_the_notes(notes: Path, command: Command) -> None:
    code, out, _ = command("lab", "answer", "notes.md", "--lang", "ru")
    assert code == 0 and "✓ Верно." in out and ".svg" not in out
    assert [p.name for p in notes.parent.iterdir()] == ["notes.md"]


def test_cards_are_lines_that_anki_imports(notes: Path, command: Command) -> None:
    code, out, _ = command("lab", "cards", "-o", "cards.tsv", "--lang", "ru", "--json")
    lines = (notes.parent / "cards.tsv").read_text("utf-8").splitlines()
    assert code == 0 and lines[:3] == ["#separator:tab", "#html:true", "#tags column:3"]
    rows = list(csv.reader(lines[3:], delimiter="\t"))
    assert json.loads(out)["cards"] == len(rows) > 100
    assert all(len(row) == 3 and row[0] and row[1] and row[2].startswith("sklon Q") for row in rows)
    assert not any("[[" in field or "$$" in field for row in rows for field in row)


def test_without_its_libraries_the_lab_says_what_to_install(
    notes: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in [m for m in sys.modules if m.startswith("sklon.lab.") and "questions" not in m]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "rapidfuzz", None)
    monkeypatch.delattr("sklon.lab.writing", raising=False)
    code, _, err = command("lab", "answer", "notes.md")
    assert code == 2 and "pip install 'sklon[lab]'" in err


@pytest.mark.skipif(not SEED.exists(), reason="../shared is not there")
def test_the_notes_from_which_everything_started_are_answered(
    tmp_path: Path, command: Command, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    code, out, _ = command("lab", "answer", str(SEED), "-o", "answered.md", "--lang", "ru")
    assert code == 0
    assert out == (
        "24 questions found (6 right, 4 incomplete, 5 with an error, 9 filled in), 0 not recognized: answered.md\n"
    )
    text = (tmp_path / "answered.md").read_text("utf-8")
    figures = {p.stem for p in (tmp_path / "answered-figures").iterdir()}
    assert figures == {e.number for q in all_questions() if q.origin != "proposed" for e in q.experiments}
    assert all(f"(answered-figures/{name}.svg)" in text for name in figures)
    assert "✗ |" not in text, "a check that does not hold"
