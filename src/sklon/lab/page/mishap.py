"""What a page says when the program itself has failed: that it did, what to do, and the first line of the error.

An ``InputError`` has sentences of its own. Everything else goes to the log too, with all that led to it.
"""

from __future__ import annotations

import logging

from sklon._base.errors import InputError
from sklon.lab.complaints import Complaint, complaint
from sklon.lab.text import Language, Text

STOPPED = Text(
    "The training was stopped by an error of the program. “Restart” begins anew. The program says:",
    "Обучение остановлено из-за ошибки в программе. Кнопка «Начать заново» запустит его с начала. Сообщение программы:",
)
UNMADE = Text(
    "This could not be done because of an error of the program, which says:",
    "Это не получилось из-за ошибки в программе. Её сообщение:",
)

_LOG = logging.getLogger(__name__)
_LOGGED = "_sklon_logged"


def mishap(error: Exception, language: Language, said: Text = UNMADE) -> Complaint:
    """What is told of an error: ``said`` and its first line, or, of what a user gave, the complaint about that.

    >>> mishap(MemoryError("no room"), "ru").detail
    'MemoryError: no room'
    """
    if isinstance(error, InputError):
        told = complaint(error, language)
        return told if said is UNMADE else Complaint(f"{said.of(language)} {told.text}", told.detail)
    if not vars(error).get(_LOGGED):  # who looks again sees the same error
        vars(error)[_LOGGED] = True
        _LOG.error("the program failed", exc_info=error)
    first, *_ = [*str(error).splitlines(), ""]
    kind = type(error).__name__
    return Complaint(said.of(language), f"{kind}: {first}" if first else kind)
