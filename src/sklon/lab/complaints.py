"""What a user is told who cannot be helped: the errors of reading tables and keeping progress, in every language.

An ``InputError`` keeps its sentence apart from what fills its gaps; here stands the same sentence in Russian. What has
none is told in English, as a detail marked as such, so that nothing is hidden and nothing is taken for Russian. A gap
``why`` holds the words of another program.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sklon._base.errors import InputError

from .text import Language, Text, number

#: what is said where there is no sentence of ours
UNTOLD = Text("{error}", "Сделать это не удалось. Сообщение программы:")

_TABLES = {
    "{file} is empty": "Файл {file} пуст",
    "{file} is an Excel workbook or an archive, not a text file; save the sheet as CSV": (
        "{file} — книга Excel или архив, а не текстовый файл; сохраните лист как CSV"
    ),
    "{file} is an Excel workbook, not a text file; save the sheet as CSV": (
        "{file} — книга Excel, а не текстовый файл; сохраните лист как CSV"
    ),
    "{file} is compressed; unpack it first": "Файл {file} сжат; сначала распакуйте его",
    "{file} is a binary file, not a table of text; give a CSV or Parquet file": (
        "{file} — двоичный файл, а не текстовая таблица; нужен CSV или Parquet"
    ),
    "reading files needs DuckDB: pip install 'sklon[table]'": (
        "Чтобы читать файлы, нужен DuckDB: pip install 'sklon[table]'"
    ),
    "{file} cannot be read: line {line} has {found} fields where the header has 1; if a title stands above the header, "
    "delete it": (
        "Файл {file} не читается: полей в строке {line} — {found}, а в заголовке одно; если над заголовком стоит "
        "название, удалите его"
    ),
    "{file} cannot be read: line {line} has {found} fields where the header has {expected}": (
        "Файл {file} не читается: полей в строке {line} — {found}, а в заголовке — {expected}"
    ),
    "{file} cannot be read: line {line} opens a quotation mark that is not closed": (
        "Файл {file} не читается: в строке {line} открыта кавычка, которая нигде не закрыта"
    ),
    "{file} cannot be read: line {line} is not CSV": "Файл {file} не читается: строка {line} — не CSV",
    "{file} cannot be read: it begins like a Parquet file, but is none; give the file anew": (
        "Файл {file} не читается: он начинается как Parquet, но это не Parquet; возьмите файл заново"
    ),
    "{file} cannot be read: {why}": "Файл {file} не читается: {why}",
    "{file} has no columns": "В таблице {file} нет столбцов",
    "{file} has more than one column named {column!r}; rename all but one": (
        "В таблице {file} несколько столбцов с именем «{column}»; оставьте это имя одному из них"
    ),
    "{file} has a header but no rows": "В таблице {file} есть заголовок, но нет строк",
}

_TARGETS = {
    "the target {target!r} has no value in any row": "У цели «{target}» нет значения ни в одной строке",
    "the target {target!r} is {value} in every row; there is nothing to learn": (
        "Цель «{target}» во всех строках равна {value}; учить нечего"
    ),
    "the target {target!r} is infinite in {rows} rows; remove or correct them": (
        "Цель «{target}» бесконечна; таких строк {rows}: удалите или исправьте их"
    ),
    "the target {target!r} has as many different values as rows ({rows}), so no class repeats; choose another target": (
        "У цели «{target}» столько же разных значений, сколько строк ({rows}): ни один класс не повторяется; "
        "выберите другую цель"
    ),
    "the column {column!r} holds {far:.4g}, but the rows that are trained on lie within {low:.4g} and {high:.4g}: that "
    "is too far away to be learned; leave such rows out": (
        "В столбце «{column}» есть {far:.4g}, а в строках обучения — от {low:.4g} до {high:.4g}: так далеко не "
        "обучиться; уберите такие строки"
    ),
}

_CHOSEN = {
    "a picture has one or two inputs and a target, three columns of different names; choose those": (
        "На картинке один или два входа и цель: выберите разные столбцы"
    ),
    "there is no column {column!r}; the table has {known}": "Столбца «{column}» нет; в таблице есть: {known}",
    "the column {column!r} holds text, and an axis needs numbers; choose another one": (
        "В столбце «{column}» текст, а для оси нужны числа; выберите другой"
    ),
    "only {rows} rows have values in all chosen columns, and {least} are the least; add some": (
        "Строк, где заполнены все выбранные столбцы: {rows}, а нужно хотя бы {least}; добавьте строк"
    ),
    "{target!r} has more than {most} classes; choose a target with fewer": (
        "У «{target}» больше классов, чем {most}; выберите цель, где их меньше"
    ),
}

_PROGRESS = {
    "{path} was written by a newer sklon (schema {schema}; this one reads {known}) and is left as it is; update sklon, "
    "or name another file with {variable}": (
        "{path} записан более новой версией sklon (схема {schema}, а эта читает {known}) и оставлен как есть; обновите "
        "sklon или укажите другой файл в переменной {variable}"
    ),
    "{path} is damaged ({where}) and is left as it is; restore a copy, move it away, or name another file with "
    "{variable}": (
        "Файл {path} повреждён ({where}) и оставлен как есть, в него ничего не записано; верните его копию, уберите "
        "его в другое место или укажите другой файл в переменной {variable}"
    ),
    "{path} cannot be read: {why}": "Файл {path} не читается: {why}",
    "{path} cannot be written: {why}": "В файл {path} нельзя записать: {why}",
    "there is no home folder for {file}; name a file with {variable}": (
        "Нет домашней папки для {file}; укажите файл в переменной {variable}"
    ),
    "it is no file of progress": "это не файл с результатами",
    "parts are missing or unknown": "частей не хватает, или есть неизвестные",
    "{part} is no list": "{part} — не список",
    "entry {entry} of {part}": "запись {entry} в {part}",
    "line {line}": "строка {line}",
    "it cannot be read as JSON": "это не JSON",
    "it is no text in UTF-8": "это не текст в UTF-8",
    "there is no file {path}": "Файла {path} нет",
    "{path} exists already; give another name": "Файл {path} уже есть; дайте другое имя",
}

_QUIZ = {
    "this needs {library}: pip install 'sklon[lab]'": "Для этого нужна библиотека {library}: pip install 'sklon[lab]'",
    "there is no question or experiment {which!r}; {hint}": "Нет ни вопроса, ни опыта «{which}»; {hint}",
    "did you mean {close}?": "возможно, нужен {close}?",
    "sklon lab list shows them all": "все показывает sklon lab list",
}

#: English sentence → Russian sentence, with the same gaps
RUSSIAN: dict[str, str] = {**_TABLES, **_TARGETS, **_CHOSEN, **_PROGRESS, **_QUIZ}
#: what systems say most
REASONS = {
    "Permission denied": "нет прав доступа",
    "Operation not permitted": "действие запрещено",
    "No space left on device": "на диске нет места",
    "Read-only file system": "диск только для чтения",
    "Is a directory": "это папка",
    "Not a directory": "часть пути — не папка",
    "File exists": "на этом месте стоит файл",
    "File name too long": "слишком длинное имя",
    "Input/output error": "ошибка диска",
}


@dataclass(frozen=True, slots=True)
class Complaint:
    """What is told: ``text`` in the reader's language, and a ``detail`` that there is only in English."""

    text: str
    detail: str = ""


def complaint(error: InputError, language: Language, **known: str) -> Complaint:
    """What is told of an error. ``known`` fills gaps better than the error could: with a file's name at its user's.

    >>> complaint(InputError("{file} is empty", file="own.csv"), "ru", file="mine.csv").text
    'Файл mine.csv пуст'
    >>> complaint(InputError("no frobs"), "ru")
    Complaint(text='Сделать это не удалось. Сообщение программы:', detail='no frobs')
    """
    gaps = {name: known.get(name, value) for name, value in error.gaps.items()}
    if language == "en":
        return Complaint(error.sentence.format(**gaps) if gaps else str(error))
    if error.sentence not in RUSSIAN:
        return Complaint(UNTOLD.ru, str(error))
    why = gaps.get("why")
    if why is not None and why not in REASONS:
        return Complaint(RUSSIAN[error.sentence].format(**{**gaps, "why": ""}).rstrip(), str(why))
    return Complaint(RUSSIAN[error.sentence].format(**{name: _russian(value) for name, value in gaps.items()}))


class _Number(float):
    """A number that is written in Russian, whatever format the sentence gives it."""

    def __format__(self, _: str) -> str:
        return number(self, "ru")


def _russian(value: Any) -> Any:
    """What fills a gap: an error within an error, a reason of the system, or what is the same in every language."""
    if isinstance(value, InputError):
        return complaint(value, "ru").text
    if isinstance(value, float):
        return _Number(value)
    return REASONS.get(value, value) if isinstance(value, str) else value
