"""Learners' notes: every question found, every word kept, verdicts with reasons, blanks filled, nothing lost."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sklon._base.errors import InputError
from sklon.lab import all_questions
from sklon.lab.markdown import tokens
from sklon.lab.notes.answering import MARK, Answered, answer_notes, recognised_in
from sklon.lab.notes.comment import Plan
from sklon.lab.notes.judging import judge
from sklon.lab.notes.reading import PLACEHOLDER, read_notes
from sklon.lab.notes.recognising import recognise, topic_named
from sklon.lab.rubric import Error, Point, Rubric
from sklon.lab.text import LANGUAGES, Language, Text

SEED = Path(__file__).parents[3] / "shared" / "seed" / "notes.ru.md"
#: the verdicts on the answers of the notes, from the errata of the reference; the others are blank
VERDICTS = {
    "Q1": "right",
    "Q2": "right",
    "Q3": "incomplete",
    "Q5": "right",
    "Q5b": "incomplete",
    "Q6": "right",
    "Q7": "incomplete",
    "Q8": "right",
    "Q9": "wrong",
    "Q10": "wrong",
    "Q11": "wrong",
    "Q12": "right",
    "Q13": "wrong",
    "Q14": "incomplete",
    "Q15": "wrong",
}
needs_seed = pytest.mark.skipif(not SEED.exists(), reason="../shared is not there")

ENGLISH = """\
# Interview prep

## Gradient descent

1. Why do we step against the gradient?
   - It points to where the function grows fastest, so minus it goes down.

### What influences how fast it converges?

The learning rate, momentum and the conditioning of the problem.

## Dropout

1) why does droput reduce overfiting?
   *
2) What happens to dropout at inference time?
   - answer

## Kitchen

1. How long does an egg take?
   - Seven minutes.

TODO: continuous functions and problems with derivatives at kinks

```
1. Is this a question?
```
"""


def answered(text: str, language: Language = "en") -> Answered:
    """The notes answered without running anything."""
    return answer_notes(*recognised_in(text, "notes.md"), Plan(language, {}, None, "0"))


def numbers(text: str) -> list[str | None]:
    """The numbers of our questions, in the order of the entries."""
    return [r.question.number if r.question else None for r in recognise(read_notes(text).entries)]


@needs_seed
def test_every_question_of_the_seed_is_found_in_its_place() -> None:
    expected = [q.number for q in all_questions() if q.origin != "proposed"]
    assert numbers(SEED.read_text("utf-8")) == expected


@needs_seed
def test_the_seed_is_judged_as_the_errata_say() -> None:
    found = answered(SEED.read_text("utf-8"), "ru").found
    assert {q.number: v.kind for _, q, v in found if v is not None} == VERDICTS
    blank = {q.number for _, q, v in found if v is None}
    assert blank == {f"Q{i}" for i in range(16, 25)}


@needs_seed
@pytest.mark.parametrize("language", LANGUAGES)
def test_the_words_of_the_seed_stay_and_its_blanks_are_filled(language: Language) -> None:
    text = SEED.read_text("utf-8")
    result = answered(text, language).text
    _assert_kept(text, result)
    assert "- ответ" not in result
    assert result.count("~~TO DO~~") == 1
    proposed = next(q for q in all_questions() if q.origin == "proposed")
    assert result.count(proposed.answers[language].title) == 1


def _assert_kept(before: str, after: str) -> None:
    """Every line that is no placeholder stands in the result, in order."""
    lines = iter(after.splitlines())
    for line in before.splitlines():
        bare = re.sub(r"^\s*([-*+]|\d+[.)])(\s+|$)", "", line).strip()
        if bare and not PLACEHOLDER.match(bare) and "TO DO" not in line and "TODO" not in line:
            assert any(line == other for other in lines), line


def test_notes_of_another_form_language_and_spelling_are_read() -> None:
    assert numbers(ENGLISH) == ["Q6", "Q7", "Q19", "Q20", None, "Q5b"]
    result = answered(ENGLISH)
    _assert_kept(ENGLISH, result.text)
    assert [entry.question.text for entry in result.unknown] == ["How long does an egg take?"]
    short = next(q for q in all_questions() if q.number == "Q19").answers["en"].short.split("\n")[0]
    assert f"   * {short}" in result.text
    assert "Is this a question?" not in [e.question.text for e, _, _ in result.found]


@pytest.mark.parametrize(
    ("text", "blank"),
    [
        ("1. What is a batch?\n", True),
        ("1. What is a batch?\n   -\n", True),
        ("1. What is a batch?\n   - ...\n", True),
        ("1. What is a batch?\n   - answer\n", True),
        ("1. What is a batch?\n   - **TBD**\n", True),
        ("1. What is a batch?\n   - no\n", False),
        ("**What is a batch?**\n\nSome rows.\n", False),
        ("- What is a batch?\n    - Some rows\n", False),
        ("Q: What is a batch?\n", True),
    ],
)
def test_blanks_are_told_from_answers(text: str, blank: bool) -> None:
    (entry,) = read_notes(text).entries
    assert entry.blank is blank
    result = answered("## Batch\n\n" + text)
    assert [v is None for _, _, v in result.found] == [blank]


@pytest.mark.parametrize(
    ("heading", "topic"),
    [
        ("Batch vs Mini-batch", "batch"),
        ("Batch Normalization", "batch-norm"),
        ("Loss-function", "loss"),
        ("Функции активации", "activation"),
        ("регуляризация", "regularization"),
        ("Kitchen", None),
        ("", None),
    ],
)
def test_a_heading_names_a_topic(heading: str, topic: str | None) -> None:
    found = topic_named(heading)
    assert (found.key if found else None) == topic


def test_notes_without_questions_and_answered_notes_are_refused() -> None:
    with pytest.raises(InputError, match="has no questions"):
        answered("Some words.\n")
    with pytest.raises(InputError, match="answered before"):
        answered(answered(ENGLISH).text)
    assert MARK in answered(ENGLISH).text


RUBRIC = Rubric(
    (
        Point("sum", True, ("sum|adds grad", "накапл|складыва град"), Text("It adds up.", "Накапливается.")),
        Point("none", False, ("none",), Text("None is not zero.", "None не ноль.")),
    ),
    (Error("reset", ("step reset|clears",), ("not", "never"), Text("It does not.", "Нет.")),),
)


@pytest.mark.parametrize(
    ("answer", "kind", "extra"),
    [
        ("Gradients are summed, None at first.", "right", 0),
        ("The gradients add up. It adds grads.", "right", 1),
        ("Градиенты накаплваются в листьях", "right", 1),
        ("The derivative.", "incomplete", 1),
        ("It sums the gradient; step clears it.", "wrong", 1),
        ("It sums the gradient; step never clears it.", "right", 1),
        ("Sum. Of the gradient", "incomplete", 1),
    ],
)
def test_an_answer_is_judged_sentence_by_sentence(answer: str, kind: str, extra: int) -> None:
    verdict = judge(RUBRIC, answer)
    assert (verdict.kind, len(verdict.worth_adding)) == (kind, extra)


@pytest.mark.parametrize("question", [pytest.param(q, id=q.number) for q in all_questions()])
@pytest.mark.parametrize("language", LANGUAGES)
def test_our_own_answers_are_right(question: object, language: Language) -> None:
    """What a rubric asks for is said in the answer, and what it calls an error is not."""
    answer = question.answers[language]  # type: ignore[attr-defined]
    verdict = judge(question.rubric, answer.short + "\n\n" + answer.full)  # type: ignore[attr-defined]
    assert [e.key for e, _ in verdict.errors] == []
    assert [p.key for p in verdict.missing] == []


#: notes in which something could get lost, and whether each question has an answer
DELICATE: list[tuple[str, list[bool]]] = [
    ("1. What is a batch?\n   - ```python\n     w.grad += g\n     ```\n2. What is dropout?\n", [True, False]),
    ("1. What is a batch?\n   - answer\n\n   ```\n   code\n   ```\n   - answer\n", [True]),
    ("1. What is a batch?\n   - <!-- my own note -->\n", [True]),
    ("1. What is a batch?\n   - <div>Rows of a step</div>\n", [True]),
    ("1. What is a batch?\n   - [x]: https://example.org/\n", [False]),
    ("1. What is a batch?\n   - Rows\u2028of\x0ba\x0cstep\u0085here\n2. What is dropout?\n   - Noise\n", [True, True]),
    ("What is a loss function?\n------------------------\n\nSome text.\n", [True]),
    ("What is a loss function?\n------------------------\n", [False]),
    ("1. How does backpropagation work?\n   - To do this, we apply the chain rule\n", [True]),
    ("1.\tWhat is a batch?\n\t- Rows of a step\n2.\tWhat is dropout?\n\t- answer\n", [True, False]),
    ("1. What is a batch?\nRows of a step.\n2. What is dropout?\n   Noise.\n", [True, True]),
    ("- What is a batch?\n  rows of a step\n", [True]),
    ("Q: What is a batch?\nA: Rows of a step.\nQ: What is dropout?\nA: Noise.\n", [True, True]),
    ("> 1. What is a batch?\n>    - answer\n>\n> More words.\n", [True]),
    ("1. What is a batch?\n   | a | b |\n   |---|---|\n   | 1 | 2 |\n", [True]),
]


@pytest.mark.parametrize(("text", "has_answer"), DELICATE)
def test_nothing_of_delicate_notes_is_lost_or_taken_for_a_blank(text: str, has_answer: list[bool]) -> None:
    result = answered(text)
    _assert_kept(text, result.text)
    assert [v is not None for _, _, v in result.found] == has_answer


@pytest.mark.parametrize("text", [SEED.read_text("utf-8") if SEED.exists() else ENGLISH, ENGLISH])
def test_what_is_added_stays_with_its_item(text: str) -> None:
    """Markdown reads the learner's numbers as before, and every quote below an item as a part of that item."""
    result = answered(text).text.split(MARK)[0]
    before, after = ([t.info for t in tokens(x) if t.type == "list_item_open" and t.info] for x in (text, result))
    assert before == after
    quotes = [t.level for t in tokens(result) if t.type == "blockquote_open"]
    at_the_edge = sum(line.startswith(">") for line in result.split("\n") if line.strip() not in (">", ""))
    assert sum(level > 0 for level in quotes) >= len([n for n in before if n]) - 1
    assert at_the_edge == 0 or 0 in quotes


@pytest.mark.parametrize(
    "place",
    ["_answer_", "___", "не знаю", "I don't know", "(пусто)", "нет ответа", "answer here", "ответ: TODO", "???"],
)
def test_more_words_for_nothing(place: str) -> None:
    (entry,) = read_notes(f"1. What is a batch?\n   - {place}\n").entries
    assert entry.blank


def test_windows_line_ends_stay() -> None:
    text = "1. What is a batch?\r\n   - Rows of a step\r\n"
    assert read_notes(text).lines == ("1. What is a batch?", "   - Rows of a step")


LINES = st.sampled_from(
    ["# Dropout", "## Batch", "1. What is a batch?", "2. Что такое dropout?", "   - answer", "- ответ", "text", "",
     "    indented", "TO DO: look it up", "```", "> quote", "* ", "3) ?",
     "   - ```", "   - <b>x</b>", "   - <!-- c -->", "\tTab", "===", "a\u2028b", "| a | b |", "**Why?**", "1.", "---"]
)  # fmt: skip


@given(st.lists(LINES, max_size=14))
def test_any_notes_keep_their_lines(lines: list[str]) -> None:
    text = "\n".join(lines) + "\n"
    notes = read_notes(text)
    if notes.entries:
        _assert_kept(text, answered(text).text)
