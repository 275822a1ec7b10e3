"""A learner's own table: a file of bounded size, read by sklon, of which two columns and a target are chosen.

The file goes to the program on the same machine and is forgotten with the training; no link ever holds a row of it.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar

from nicegui import Client, background_tasks, ui

from sklon._base.errors import InputError
from sklon.data import Table, read
from sklon.lab.playground import Own, own_data
from sklon.lab.playground.controls import DEFAULTS
from sklon.lab.playground.datasets import MOST_ROWS, data_of
from sklon.lab.text import Language, Text, number

from .aside import aside
from .native import Button, Details, File, Menu, Words

Made = TypeVar("Made")
#: bytes of a file: a message of the browser has to hold them
MOST_BYTES = 400_000
#: columns that can be chosen among
MOST_COLUMNS = 60

TITLE = Text("Your own data", "Свои данные")
ABOUT = Text(
    "A CSV file with a line of names, up to 400 kB: one or two number columns and a target. It stays on this machine.",
    "Файл CSV со строкой имён, до 400 КБ: один или два числовых столбца и цель. Он не покидает этот компьютер.",
)
FILE = Text("CSV file", "Файл CSV")
FIRST, SECOND = Text("first input", "первый вход"), Text("second input", "второй вход")
TARGET, NONE = Text("target", "цель"), Text("none", "нет")
USE = Text("Train on it", "Обучать на них")
TOO_LONG = Text(
    "the file is longer than 400 kB; take fewer of its rows", "файл больше 400 КБ; возьмите меньше его строк"
)
NO_NUMBERS = Text(
    "{name} has no column of numbers, and an axis needs one; take another file",
    "В {name} нет ни одного числового столбца, а для оси он нужен; возьмите другой файл",
)
READ = Text("{name}: {rows} rows; choose columns.", "{name}: строк {rows}; выберите столбцы.")
TAKEN = Text(
    "Takes {rows} rows, test included; {left} had gaps.",
    "Взято строк, вместе с проверочными: {rows}; с пропусками: {left}.",
)
DRAWN = Text(
    "Takes {rows} rows, test included, drawn by the seed out of {all}; {left} had gaps.",
    "Взято строк, вместе с проверочными: {rows}, выбраны зерном из {all}; с пропусками: {left}.",
)


def table_of(content: bytes) -> Table:
    """The table of a CSV file."""
    return _with_file(content, read)


def own_of(content: bytes, features: list[str], target: str) -> Own:
    """The chosen columns of a CSV file; InputError where nothing can be trained on them."""
    own = _with_file(content, lambda path: own_data(path, features, target))
    data_of({**DEFAULTS, "data": "own"}, own)
    return own


def taken(own: Own, language: Language) -> str:
    """How many rows are trained and tested on."""
    counts = {"rows": min(len(own.inputs), MOST_ROWS), "all": len(own.inputs), "left": own.left_out}
    said = TAKEN if counts["rows"] == counts["all"] else DRAWN
    return said.of(language).format(**{name: number(count, language) for name, count in counts.items()})


class OwnData:
    """The place where a file is given; ``use`` is given the columns that were chosen."""

    def __init__(self, client: Client, language: Language, use: Callable[[Own], None]) -> None:
        self.client, self.language, self._use = client, language, use
        self._name, self._content = "", b""
        self._given_files = 0  # the last one counts
        self._chosen: dict[str, str] = {}
        with Details(TITLE.of(language), lambda _: None):
            Words("p", ABOUT.of(language))
            with ui.element("div").classes("settings"):
                File(FILE.of(language), self._given, kinds=".csv,text/csv", most=MOST_BYTES)
                self._columns = ui.element("div").classes("settings")
            self._complaint = Words("p", "", "complaint").props("role=alert")
            self._said = Words("p", "", "status").props("role=status")

    def _given(self, name: str, content: bytes | None) -> None:
        self._columns.clear()
        self._given_files += 1
        if content is None:
            self._say(complaint=TOO_LONG.of(self.language))
            return
        self._name, self._content = name, content
        background_tasks.create(self._look(self._given_files, content), name="own data")

    async def _look(self, given: int, content: bytes) -> None:
        """Offer the columns of this file, unless there is a later one."""
        try:
            table = await aside(lambda: table_of(content))
        except InputError as error:
            if given == self._given_files:
                self._complain(error)
            return
        if given != self._given_files:
            return
        if all(column.numbers is None for column in table.columns[:MOST_COLUMNS]):
            self._say(complaint=NO_NUMBERS.of(self.language).format(name=self._name))
            return
        self._say(READ.of(self.language).format(name=self._name, rows=len(table)))
        with self.client, self._columns:
            self._offer(table)

    def _offer(self, table: Table) -> None:
        """Menus of the columns: those of numbers for the inputs, the last one as the target at first."""
        names = list(table.names[:MOST_COLUMNS])
        target = names[-1]
        numbers = [c.name for c in table.columns[:MOST_COLUMNS] if c.numbers is not None and c.name != target]
        first, second = (*numbers, "", "")[:2]
        self._chosen = {"first": first, "second": second, "target": target}
        inputs = {c.name: c.name for c in table.columns[:MOST_COLUMNS] if c.numbers is not None}
        none = {"": NONE.of(self.language)}
        for role, label, options in (
            ("first", FIRST, inputs),
            ("second", SECOND, none | inputs),
            ("target", TARGET, {name: name for name in names}),
        ):
            Menu(label.of(self.language), options, self._chosen[role], self._chooser(role))
        Button(USE.of(self.language), self._take, "first")

    def _chooser(self, role: str) -> Callable[[str], object]:
        def choose(name: str) -> None:
            self._chosen[role] = name

        return choose

    def _take(self) -> None:
        background_tasks.create(self._read(), name="own data")

    async def _read(self) -> None:
        features = [self._chosen[role] for role in ("first", "second") if self._chosen[role]]
        try:
            own = await aside(lambda: own_of(self._content, features, self._chosen["target"]))
        except InputError as error:
            self._complain(error)
            return
        self._say(taken(own, self.language))
        with self.client:
            self._use(own)

    def _complain(self, error: InputError) -> None:
        self._said.say("")
        self._complaint.explain(error, self.language, file=self._name)

    def _say(self, said: str = "", complaint: str = "") -> None:
        self._said.say(said)
        self._complaint.say(complaint)


def _with_file(content: bytes, do: Callable[[Path], Made]) -> Made:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "own.csv"
        path.write_bytes(content)
        return do(path)
