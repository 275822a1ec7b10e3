"""Every question as data: complete in both languages, with equal structure, and every claim tied to a check."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from sklon.cli import main
from sklon.lab import Question, all_questions
from sklon.lab.answer import CITATION, FORMULA, Answer, Prediction, Recall, Statements, read_answer
from sklon.lab.rubric import Error, Point
from sklon.lab.text import LANGUAGES
from sklon.lab.topics import TOPICS
from tests.lab.results import result_of

QUESTIONS = [pytest.param(q, id=q.number) for q in all_questions()]
CYRILLIC = re.compile("[а-яё]", re.IGNORECASE)
NUMBERS = ["Q1", "Q2", "Q3", "Q4", "Q5", "Q5b", *(f"Q{i}" for i in range(6, 25))]


def checks_of(question: Question) -> dict[tuple[str, str], bool]:
    """(experiment, check) of everything that the experiments of a question measure."""
    return {(e.number, c.name): c.passed for e in question.experiments for c in result_of(e.number).checks}


def test_all_questions_are_there_in_order() -> None:
    assert [q.number for q in all_questions()] == NUMBERS
    assert len({q.slug for q in all_questions()}) == len(NUMBERS)
    assert {q.topic.key for q in all_questions()} == {t.key for t in TOPICS}
    assert [q.number for q in all_questions() if q.origin == "proposed"] == ["Q4"]
    assert [q.number for q in all_questions() if q.origin == "open point"] == ["Q5b"]


@pytest.mark.parametrize("question", QUESTIONS)
def test_both_languages_have_the_same_structure(question: Question) -> None:
    english, russian = question.answers["en"], question.answers["ru"]
    assert english.citations == russian.citations
    assert english.links == russian.links
    assert english.commands == russian.commands
    assert sorted(map(_plain, english.formulas)) == sorted(map(_plain, russian.formulas))
    assert list(english.experiments) == list(russian.experiments) == [e.number for e in question.experiments]
    assert len(english.follow_ups) == len(russian.follow_ups) >= 2
    assert [_shape(item) for item in english.self_test] == [_shape(item) for item in russian.self_test]


def _plain(formula: str) -> str:
    """A formula without what languages write differently: decimal marks, list separators and words."""
    without_words = re.sub(r"\\text\{[^}]*\}", r"\\text{}", formula)
    return re.sub(r"\s+", " ", without_words.replace("{,}", ".").replace(";", ","))


def _shape(item: Recall | Prediction | Statements) -> object:
    if isinstance(item, Prediction):
        return ("predict", item.experiment, item.check)
    if isinstance(item, Recall):
        return ("recall", len(item.points))
    return ("wrong", [wrong for _, wrong in item.statements])


@pytest.mark.parametrize("question", QUESTIONS)
def test_every_citation_is_of_a_check_that_holds(question: Question) -> None:
    checks = checks_of(question)
    cited = set(question.answers["en"].citations)
    assert cited <= checks.keys()
    assert all(checks[citation] for citation in cited)
    assert {e for e, _ in cited} == {e.number for e in question.experiments}, "an experiment that no sentence uses"


@pytest.mark.parametrize("question", QUESTIONS)
def test_self_tests_can_be_answered(question: Question) -> None:
    for answer in question.answers.values():
        kinds = {type(item) for item in answer.self_test}
        assert {Recall, Statements} <= kinds
        assert Prediction in kinds or not question.experiments
        for item in answer.self_test:
            if isinstance(item, Statements):
                assert sum(wrong for _, wrong in item.statements) == 1
                assert len(item.statements) >= 3
                assert item.why
            if isinstance(item, Recall):
                assert 2 <= len(item.points) <= 6


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_short_answer_takes_half_a_minute(question: Question) -> None:
    for answer in question.answers.values():
        words = len(FORMULA.sub("x", answer.short).split())
        assert 20 <= words <= 110


@pytest.mark.parametrize("question", QUESTIONS)
def test_each_language_is_written_in_its_letters(question: Question) -> None:
    assert not CYRILLIC.search(question.answers["en"].source)
    for part in _prose(question.answers["ru"]):
        assert CYRILLIC.search(part), part


def _prose(answer: Answer) -> list[str]:
    paragraphs = [p for p in re.split(r"\n\s*\n", answer.source) if not p.lstrip().startswith(("#", "$$", "|", "```"))]
    return [p for p in paragraphs if re.search("[a-zA-Z]{3}", FORMULA.sub("", CITATION.sub("", p)))]


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_can_be_looked_up_and_judged(question: Question) -> None:
    assert question.sources
    assert all(s.url.startswith("https://") and s.title for s in question.sources)
    assert len(question.asked) >= 4
    assert any(map(CYRILLIC.search, question.asked))
    assert any(not CYRILLIC.search(a) for a in question.asked)
    rubric = question.rubric
    assert any(p.required for p in rubric.points)
    rows: list[Point | Error] = [*rubric.points, *rubric.errors]
    keys = [row.key for row in rows]
    assert len(set(keys)) == len(keys)
    for row in rows:
        said = row.missing if isinstance(row, Point) else row.reason
        assert row.signs
        assert CYRILLIC.search(said.ru) and not CYRILLIC.search(said.en)


@pytest.mark.parametrize("question", QUESTIONS)
def test_the_lines_in_pytorch_run(question: Question, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("torch")
    assert "assert" in question.pytorch
    exec(compile(question.pytorch, f"{question.slug}.pytorch", "exec"), {})
    assert len(question.pytorch.splitlines()) <= 30


COMMANDS = [pytest.param(c, id=c) for q in all_questions() for c in q.answers["en"].commands]


@pytest.mark.parametrize("command", COMMANDS)
def test_a_command_that_an_answer_tells_to_type_runs(
    command: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    program, *arguments = shlex.split(command)
    with pytest.raises(SystemExit) as ended:
        main(arguments)
    told, complaints = capsys.readouterr()
    assert (program, ended.value.code or 0) == ("sklon", 0), complaints
    assert "note:" not in complaints, "a formula that the program reads otherwise than a learner"
    assert told


@pytest.mark.parametrize("question", [q for q in QUESTIONS if q.id in NUMBERS[:7]])
def test_a_question_about_derivatives_tells_how_to_ask_the_program(question: Question) -> None:
    assert question.answers["en"].commands


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_missing_or_unknown_section_is_an_error(language: str) -> None:
    with pytest.raises(ValueError, match="missing sections"):
        read_answer("# Title\n\n## In short\n\nText.\n", "en")
