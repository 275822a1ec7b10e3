"""What a user can cause with a table of their own or a file of progress is told in both languages."""

from __future__ import annotations

import json
import os
import random
import re
import string
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from sklon._base.errors import InputError
from sklon.lab.complaints import REASONS, RUSSIAN, complaint
from sklon.lab.learning import ProgressFile, progress_file
from sklon.lab.page import own


def pairs(target: Callable[[int], str]) -> str:
    """A table of two columns."""
    return "a,c\n" + "".join(f"{i},{target(i)}\n" for i in range(30))


ROWS = "".join(f"{i},{i % 7},{i % 2}\n" for i in range(30))
#: (a file's text, the columns that are chosen or None, English, Russian)
TABLES = {
    "empty": ("  \n", None, "mine.csv is empty", "Файл mine.csv пуст"),
    "workbook": ("PK\x03\x04...", None, "Excel workbook or an archive", "книга Excel или архив"),
    "binary": ("a\x00b", None, "is a binary file", "двоичный файл"),
    "parquet": ("PAR1 and no more", None, "begins like a Parquet file", "начинается как Parquet"),
    "fields": ("a,b\n1,2\n1,2,3\n", None, "line 3 has 3 fields where the header has 2", "полей в строке 3 — 3"),
    "title": ("My table\na,b\n1,2\n", None, "if a title stands above", "если над заголовком стоит название"),
    "quote": ('a,b\n"1,2\n3,4\n', None, "opens a quotation mark", "открыта кавычка"),
    "twice": ("a,a\n1,2\n", None, "more than one column named 'a'", "несколько столбцов с именем «a»"),
    "no rows": ("a,b\n", None, "a header but no rows", "нет строк"),
    "one column": (f"a,b,c\n{ROWS}", "cc", "three columns of different names", "выберите разные столбцы"),
    "gone": (f"a,b,c\n{ROWS}", "xc", "there is no column 'x'; the table has a, b, c", "Столбца «x» нет"),
    "text": (f"a,b,c\nword,1,0\n{ROWS}", "ac", "the column 'a' holds text", "В столбце «a» текст"),
    "few": ("a,b,c\n1,2,3\n", "ac", "only 1 rows have values", "заполнены все выбранные столбцы: 1"),
    "constant": (pairs(lambda i: "on"), "ac", "is on in every row", "равна on; учить нечего"),
    "infinite": (f"a,b,c\n1,1,inf\n{ROWS}", "ac", "is infinite in 1 rows", "бесконечна; таких строк 1"),
    "names": (pairs(lambda i: f"n{i}"), "ac", "no class repeats", "ни один класс не повторяется"),
    "classes": (pairs(lambda i: f"n{i // 2}"), "ac", "more than 10 classes", "больше классов"),
}  # fmt: skip
#: (what the file of progress holds, where it is damaged)
DAMAGE = {
    "no json": ("{", "line 1", "строка 1"),
    "no number": ('{"a": NaN}', "it cannot be read as JSON", "это не JSON"),
    "something else": ("{}", "it is no file of progress", "это не файл с результатами"),
    "a list": ("[]", "it is no file of progress", "это не файл с результатами"),
    "parts": ('{"kind": "sklon progress", "schema": 1}', "parts are missing", "частей не хватает"),
    "no list": (
        '{"kind": "sklon progress", "schema": 1, "reviews": 1, "interviews": []}', "reviews is no list", "не список",
    ),
    "entry": (
        '{"kind": "sklon progress", "schema": 1, "reviews": [1], "interviews": []}', "entry 1 of reviews", "запись 1",
    ),
}  # fmt: skip
#: what no table that the page is given can cause: it comes from files in folders, and from targets with gaps
ELSEWHERE = {
    "{file} is an Excel workbook, not a text file; save the sheet as CSV",
    "{file} is compressed; unpack it first",
    "reading files needs DuckDB: pip install 'sklon[table]'",
    "{file} cannot be read: line {line} is not CSV",
    "{file} cannot be read: {why}",
    "{file} has no columns",
    "the target {target!r} has no value in any row",
    "the column {column!r} holds {far:.4g}, but the rows that are trained on lie within {low:.4g} and {high:.4g}: that "
    "is too far away to be learned; leave such rows out",
}
#: what the other tests of progress cause
OF_FILES = {
    "{path} was written by a newer sklon (schema {schema}; this one reads {known}) and is left as it is; update sklon, "
    "or name another file with {variable}",
    "{path} is damaged ({where}) and is left as it is; restore a copy, move it away, or name another file with "
    "{variable}",
    "{path} cannot be read: {why}",
    "{path} cannot be written: {why}",
    "there is no home folder for {file}; name a file with {variable}",
    "it is no text in UTF-8",
}
#: what ``sklon lab quiz`` and ``sklon lab progress`` are given in their tests
OF_COMMANDS = {
    "there is no file {path}",
    "{path} exists already; give another name",
    "this needs {library}: pip install 'sklon[lab]'",
    "there is no question or experiment {which!r}; {hint}",
    "did you mean {close}?",
    "sklon lab list shows them all",
}


def upload(name: str) -> InputError:
    """The error of a table."""
    text, chosen, *_ = TABLES[name]
    with pytest.raises(InputError) as raised:
        if chosen is None:
            own.table_of(text.encode())
        own.own_of(text.encode(), [*chosen[:-1]] if chosen else ["a"], chosen[-1] if chosen else "c")
    return raised.value


def progress(path: Path, name: str) -> InputError:
    """The error of a damaged file of progress; nothing is done to the file."""
    path.write_text(DAMAGE[name][0], "utf-8")
    file = ProgressFile(path)
    for ask in (file.read, file.add):
        with pytest.raises(InputError) as raised:
            ask()
    assert path.read_text("utf-8") == DAMAGE[name][0]
    return raised.value


def in_russian(error: InputError, **known: str) -> str:
    """What a Russian reader is told, all of it in Russian."""
    told = complaint(error, "ru", **known)
    assert told.detail == "" and "own.csv" not in told.text and "{" not in told.text
    return told.text


@pytest.mark.parametrize("name", TABLES)
def test_what_a_table_can_cause_is_told_in_both_languages(name: str) -> None:
    error, (*_, english, russian) = upload(name), TABLES[name]
    assert english in complaint(error, "en", file="mine.csv").text
    assert russian in in_russian(error, file="mine.csv")


@pytest.mark.parametrize("name", DAMAGE)
def test_damage_is_told_in_both_languages_with_what_to_do(name: str, tmp_path: Path) -> None:
    error, (_, english, russian) = progress(tmp_path / "progress.json", name), DAMAGE[name]
    said, told = complaint(error, "en").text, in_russian(error)
    assert english in said and "is left as it is; restore a copy, move it away, or name another file" in said
    assert russian in told and "оставлен как есть, в него ничего не записано; верните его копию" in told
    assert "SKLON_PROGRESS" in said and "SKLON_PROGRESS" in told


def test_other_bytes_and_newer_files_are_told_in_both_languages(tmp_path: Path) -> None:
    path = tmp_path / "progress.json"
    path.write_bytes(b"\xff\xfe\xfd")
    with pytest.raises(InputError, match="it is no text in UTF-8") as raised:
        ProgressFile(path).read()
    assert "это не текст в UTF-8" in in_russian(raised.value)
    path.write_text(json.dumps({"kind": "sklon progress", "schema": 9}), "utf-8")
    with pytest.raises(InputError, match="written by a newer sklon") as raised:
        ProgressFile(path).add()
    assert "схема 9, а эта читает 1" in in_russian(raised.value)


def test_what_the_system_refuses_is_told_in_both_languages(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read: Is a directory") as raised:
        ProgressFile(tmp_path).read()
    assert in_russian(raised.value) == f"Файл {tmp_path} не читается: это папка"
    blocked = tmp_path / "file"
    blocked.touch()
    with pytest.raises(InputError, match=r"cannot be (read|written)") as raised:
        ProgressFile(blocked / "progress.json").add()
    assert re.search("не читается|нельзя записать", in_russian(raised.value))


def test_without_a_home_folder_it_is_told_where_to_name_a_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(_: type[Path]) -> Path:
        raise RuntimeError("no home")

    monkeypatch.delenv("SKLON_PROGRESS", raising=False)
    for name in ("XDG_DATA_HOME", "LOCALAPPDATA"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr(Path, "home", classmethod(nowhere))
    with pytest.raises(InputError, match="there is no home folder") as raised:
        progress_file()
    assert "укажите файл в переменной SKLON_PROGRESS" in in_russian(raised.value)


def test_every_sentence_is_caused_or_excused(tmp_path: Path) -> None:
    tables = {upload(name).sentence for name in TABLES}
    damaged = {str(progress(tmp_path / "progress.json", name).gaps["where"].sentence) for name in DAMAGE}
    assert (
        tables | damaged | ELSEWHERE | OF_FILES | OF_COMMANDS == RUSSIAN.keys() and not (tables | damaged) & ELSEWHERE
    )


@pytest.mark.parametrize("sentence", RUSSIAN)
def test_a_translation_has_the_gaps_of_its_sentence(sentence: str) -> None:
    def gaps(text: str) -> set[str | None]:
        return {name for _, name, _, _ in string.Formatter().parse(text)} - {None}

    assert gaps(RUSSIAN[sentence]) == gaps(sentence)
    assert re.search("[а-яё]", RUSSIAN[sentence].lower())


def test_whatever_is_uploaded_nothing_untold_comes() -> None:
    """Texts made of what breaks CSV: each error has a Russian sentence, and names no file of ours."""
    pieces = [
        "a",
        "1",
        "2.5",
        '"',
        '""',
        ",",
        ";",
        "\t",
        "\n",
        "\r\n",
        "\r",
        "",
        "я",
        "NA",
        "inf",
        "1e99",
        "\ufeff",
        "'",
    ]
    draw, told = random.Random(0), 0
    for _ in range(150):
        text = "".join(draw.choices(pieces, k=draw.randint(0, 40)))
        try:
            own.table_of(text.encode())
        except InputError as error:
            told += 1
            assert error.sentence in RUSSIAN, error
            assert not re.search(r"own\.csv|[/\\]tmp|sklon-", complaint(error, "ru", file="mine.csv").text)
    assert told > 50


def test_words_of_another_program_are_a_detail() -> None:
    error = InputError("{file} cannot be read: {why}", file="own.csv", why="a state machine is confused")
    told = complaint(error, "ru", file="mine.csv")
    assert (told.text, told.detail) == ("Файл mine.csv не читается:", "a state machine is confused")
    assert complaint(error, "en", file="mine.csv").text == "mine.csv cannot be read: a state machine is confused"


def test_a_russian_reader_is_told_numbers_with_a_comma() -> None:
    sentence = next(sentence for sentence in RUSSIAN if "{far:" in sentence)
    error = InputError(sentence, column="a", far=1234.5678, low=np.float64(-0.25), high=1.5e-9)
    assert "есть 1\u00a0235, а в строках обучения — от −0,25 до 1,5·10⁻⁹:" in in_russian(error)
    assert "holds 1235, but the rows that are trained on lie within -0.25 and 1.5e-09:" in complaint(error, "en").text


def test_reasons_are_those_of_a_system() -> None:
    said = {os.strerror(number) for number in range(1, 134)}
    assert REASONS.keys() <= said or os.name == "nt"


def test_a_sentence_without_gaps_is_taken_as_it_is() -> None:
    assert str(InputError("{a} stays")) == "{a} stays"
