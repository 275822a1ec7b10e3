"""The file of progress, out of the page and into it: a link that saves a copy, a field that adds one.

Both are requests of their own, since the socket of a page carries little. The guard lets in only our own page.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Literal, TypeAlias

from nicegui import ui
from nicegui.events import GenericEventArguments

from sklon._base.errors import InputError
from sklon.lab.complaints import complaint
from sklon.lab.learning import progress_file
from sklon.lab.learning.written import DamagedError, NewerError, read_text, written
from sklon.lab.text import Language, number

from . import learner_words as words
from .native import Words
from .shell import html

#: where the file stands on the server
PATH = "/progress.json"
#: bytes of a file at the most: more than 100,000 answers
MOST_BYTES = 2**24

Trouble: TypeAlias = Literal["damaged", "newer", "large", "kept", "failed"]

_SEND = f"""async event => {{
  const [file] = event.target.files; event.target.value = '';
  if (!file) return;
  if (file.size > {MOST_BYTES}) return emit('large');
  const answer = await fetch('{PATH}', {{method: 'PUT', body: file}});
  emit(answer.ok ? await answer.text() : 'failed');
}}"""


class RefusedError(ValueError):
    """What came is not taken in; ``trouble`` says why."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble)
        self.trouble: Trouble = trouble


def exported() -> str:
    """All progress as text; InputError if the file is damaged."""
    return written(progress_file().read())


def taken_in(content: bytes) -> int:
    """Add all that a copy holds; the number of reviews that there are now. RefusedError for anything else."""
    try:
        copy = read_text(content.decode("utf-8"))
        return len(progress_file().add(copy.reviews, copy.interviews).reviews)
    except NewerError as error:
        raise RefusedError("newer") from error
    except (DamagedError, UnicodeDecodeError) as error:
        raise RefusedError("damaged") from error
    except InputError as error:
        raise RefusedError("kept") from error


def show_transfer(language: Language, changed: Callable[[], None]) -> None:
    """Where progress is kept, a link and a field; ``changed`` is called when something was added."""
    with ui.element("section").classes("transfer"):
        html(words.PROGRESS.of(language), "h2")
        html(_where(language), "p")
        html(f'<a href="{PATH}" download="sklon-progress.json">{words.EXPORT.of(language)}</a>', "p")
        with Words("label", words.IMPORT.of(language)):
            field = Words("input")
            field.set_attributes(type="file", accept=".json,application/json")
        said = Words("p", "", "status").props("role=status")

        def answered(event: GenericEventArguments) -> None:
            text = str(event.args)
            if text.isascii() and text.isdecimal():
                count = number(int(text[:9]), language)
                said.say(words.IMPORTED.of(language).format(reviews=count))
                said.set_attributes(data_status="pass")
                changed()
            else:
                said.say(words.IMPORT_ERRORS.get(text, words.IMPORT_ERRORS["failed"]).of(language))
                said.set_attributes(data_status="fail")

        field.on("change", answered, js_handler=_SEND)


def _where(language: Language) -> str:
    try:
        return f"{escape(words.KEPT_IN.of(language))} <code>{escape(str(progress_file().path))}</code>"
    except InputError as error:
        return escape(complaint(error, language).text)
