"""In Russian the lab says «вы» to its reader, in everything that it says; what learners write is read in any form."""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from tests.docs.markdown import ROOT

PACKAGE = ROOT / "src" / "sklon"
WORD = re.compile(r"[а-яё]+", re.IGNORECASE)
#: patterns for what learners write
OF_LEARNERS = {"recognising.py", "reading.py"}
PRONOUNS = WORD.findall(
    "ты тебя тебе тобой тобою твой твоя твоё твое твои твоего твоей твоему твоим твоих твоими твоём твою"
)
#: commands to one person
COMMANDS = WORD.findall(
    "введи возьми вспомни выбери вычисли дай добавь докажи дополни жми запиши запусти запомни замени измени исправь "
    "найди назови напиши нажми настрой начни обрати объясни определи опиши останови ответь открой отметь повтори "
    "подбери подожди подумай поменяй помни попробуй посмотри построй посчитай поставь предложи предскажи представь "
    "приведи примени проверь продифференцируй прочитай прочти расскажи реши свяжи сделай скажи смотри создай "
    "сосчитай спроси сравни убедись убери угадай удали укажи усредни установи учти"
)
#: «ты делаешь», «ты учишься»; but not these
SECOND_PERSON = re.compile(r"\w+(?:[еёи]шь|[еёи]шься)")
OTHERS = {"лишь"}
RUSSIAN = re.compile(r"[а-яё]{2}", re.IGNORECASE)
POLITE = re.compile(r"(\w+[ийь])те(?:сь)?")


def familiar(text: str, commands: frozenset[str] = frozenset(COMMANDS)) -> list[str]:
    """The words of a text that are said to a friend."""
    words = [word.lower() for word in WORD.findall(text)]
    return [
        word
        for word in words
        if word in PRONOUNS or word in commands or (SECOND_PERSON.fullmatch(word) and word not in OTHERS)
    ]


@cache
def texts() -> dict[Path, str]:
    """All Russian that the package and its pages say, by its file."""
    said = {path: path.read_text("utf-8") for path in (*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"))}
    said |= {path: path.read_text("utf-8") for path in PACKAGE.rglob("ru.md")}
    said |= {path: "\n".join(_of_program(path)) for path in PACKAGE.rglob("*.py") if path.name not in OF_LEARNERS}
    said |= {path: "\n".join(_of_rubric(path)) for path in PACKAGE.rglob("rubric.toml")}
    return {path: text for path, text in said.items() if RUSSIAN.search(text)}


@cache
def commands() -> frozenset[str]:
    """Our list, and what each polite command of the texts would be to a friend."""
    polite = {word.lower() for text in texts().values() for word in WORD.findall(text)}
    return frozenset(COMMANDS) | {found[1] for word in polite if (found := POLITE.fullmatch(word))}


def _of_program(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node.value


def _of_rubric(path: Path) -> Iterator[str]:
    """The sentences of a rubric, without the patterns by which it reads."""

    def sentences(value: object) -> Iterator[str]:
        if isinstance(value, dict):
            yield from (one for key, one in value.items() if key == "ru" and isinstance(one, str))
            yield from (found for one in value.values() for found in sentences(one))
        elif isinstance(value, list):
            yield from (found for one in value for found in sentences(one))

    return sentences(tomllib.loads(path.read_text("utf-8")))


def test_the_reader_is_never_a_friend() -> None:
    found = {
        str(path.relative_to(ROOT)): words for path, text in texts().items() if (words := familiar(text, commands()))
    }
    assert found == {}


@pytest.mark.parametrize(
    "text",
    ["Вспомни: что такое склон?", "там, где ты стоишь", "Если учишься, то быстро", "Твоего файла нет", "Проверь себя"],
)
def test_a_friendly_word_is_noticed(text: str) -> None:
    assert familiar(text)


@pytest.mark.parametrize("text", ["Вспомните: это лишь склон, и вы стоите на нём", "сети учат, потери растут"])
def test_a_polite_one_is_not(text: str) -> None:
    assert not familiar(text)


def test_the_texts_are_those_of_all_rooms() -> None:
    names = {path.name for path in texts()}
    assert {"ru.md", "rubric.toml", "words.py", "complaints.py", "answer.py", "quiz.py"} <= names
    assert len([path for path in texts() if path.name == "ru.md"]) >= 25
    assert {"вспомни", "нажми", "выбери"} <= commands()
