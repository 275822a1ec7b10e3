"""What there is to ask one learner now, how far they are, and how an answer is kept: the same for every surface.

A learner is asked what the questions hold, and once more about each check on which they committed themselves before a
run. Both follow from the reviews, so what was predicted on the page is due in the terminal, and the other way round.
"""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime

from sklon._base.errors import InputError
from sklon.lab.question import Question

from .file import ProgressFile
from .items import Item, Verdict, all_items, item_of, items_of
from .progress import Progress
from .scheduling import NEW_A_DAY, Agenda, agenda, memories
from .tasks import Marked


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """How far a learner is: of all ``items`` so many ``begun``; ``due`` and ``new`` ones to ask now.

    ``today`` were begun today; ``later`` is when the next one is due that is not due yet.
    """

    items: int
    begun: int
    due: int
    new: int
    today: int
    later: datetime | None


@dataclass(frozen=True, slots=True)
class Kept:
    """A mark that was kept: all progress with it, and when its item is due again."""

    progress: Progress
    due: datetime


def askable(known: Iterable[str], question: Question | None = None) -> tuple[Item, ...]:
    """What a learner who has reviewed these items can be asked: all, or what belongs to one question.

    >>> [item.key for item in askable(["Q1/recall-1", "E5/holds/mismatches", "E99/holds/nothing"])[-2:]]
    ['E24b/fault', 'E5/holds/mismatches']
    """
    items = all_items() if question is None else items_of(question)
    return items + tuple(one for one in _committed(known) if question is None or one.question == question.number)


def plan(
    progress: Progress, now: datetime, *, question: Question | None = None, new_a_day: int = NEW_A_DAY
) -> Agenda[Item]:
    """What to ask now: what is due, then new items; of one question, if one is given."""
    known = memories(progress.reviews)
    return agenda(askable(known, question), known, now, new_a_day=new_a_day)


def standing(progress: Progress, now: datetime, *, new_a_day: int = NEW_A_DAY) -> Standing:
    """How far a learner is."""
    known, to_ask = memories(progress.reviews), plan(progress, now, new_a_day=new_a_day)
    waiting = [known[item.key].due for item in askable(known) if item.key in known]
    return Standing(
        items=len(all_items()),
        begun=sum(item.key in known for item in all_items()),
        due=len(to_ask.due),
        new=len(to_ask.new),
        today=sum(memory.first.astimezone(now.tzinfo).date() == now.date() for memory in known.values()),
        later=min((due for due in waiting if due > now), default=None),
    )


def keep(marked: Marked, now: datetime, file: ProgressFile) -> Kept:
    """Keep a mark at once; InputError if the file cannot be added to."""
    progress = file.add([marked.review(now)])
    return Kept(progress, memories(r for r in progress.reviews if r.item == marked.item)[marked.item].due)


def _committed(known: Iterable[str]) -> list[Verdict]:
    """The checks about which something was once predicted. What this version does not know any more is left out."""
    found = []
    for key in known:
        with suppress(InputError):
            item = item_of(key)
            if isinstance(item, Verdict):
                found.append(item)
    return found
