"""An interview: items of mixed topics, the weak ones more likely, each with a time; then what was missed.

The draw follows from the seed, the reviews and the moment alone. The time is counted by who shows the tasks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np

from sklon._base.checks import check_whole
from sklon.lab.catalogue import find
from sklon.lab.text import Text
from sklon.lab.topics import Topic

from .items import ActiveFault, FalseStatement, FreshNumbers, Item, KeyPoints, NumberPrediction, Verdict
from .progress import Answered, Interview
from .scheduling import Memory
from .tasks import Marked

#: seconds for an item of each kind: saying half a dozen points takes two minutes, reading four sentences one
SECONDS: dict[type[Item], float] = {
    KeyPoints: 120.0,
    FalseStatement: 60.0,
    NumberPrediction: 90.0,
    FreshNumbers: 120.0,
    ActiveFault: 180.0,
    Verdict: 60.0,
}
#: what is known for sure may come all the same
LEAST_WEAKNESS = 0.05


@dataclass(frozen=True, slots=True)
class Planned:
    """One item of an interview and the seconds that there are for it."""

    item: Item
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One item of an interview that was answered: its mark, and the seconds that it took."""

    planned: Planned
    marked: Marked
    seconds: float

    @property
    def late(self) -> bool:
        """Whether it took longer than there was time."""
        return self.seconds > self.planned.seconds


def draw(
    items: Sequence[Item], known: Mapping[str, Memory], now: datetime, *, count: int = 6, seed: int = 0
) -> tuple[Planned, ...]:
    """Up to ``count`` items, no topic twice before each had its turn; weak topics and items are more likely.

    The weakness of an item is 1 − the probability that it is recalled now; of a topic, the mean of its items.
    """
    check_whole(1, count=count)
    random = np.random.default_rng(seed)
    left = _by_topic(items)
    drawn: list[Planned] = []
    round_: list[str] = []
    while len(drawn) < count and left:
        round_ = [key for key in round_ if key in left] or list(left)
        key = round_.pop(_chosen([_mean_weakness(left[k], known, now) for k in round_], random))
        item = left[key].pop(_chosen([weakness(i, known, now) for i in left[key]], random))
        drawn.append(Planned(item, SECONDS[type(item)]))
        if not left[key]:
            del left[key]
    return tuple(drawn)


def weakness(item: Item, known: Mapping[str, Memory], now: datetime) -> float:
    """How likely it is that an item would not be recalled, at least 0.05; 1 for one that was never asked."""
    memory = known.get(item.key)
    return 1.0 if memory is None else max(LEAST_WEAKNESS, 1 - memory.recalled(now))


def interview_of(began: datetime, given: Sequence[Given]) -> Interview:
    """The interview as it is kept."""
    answers = tuple(
        Answered(item=g.marked.item, share=g.marked.grade.share, seconds=g.seconds, allowed=g.planned.seconds)
        for g in given
    )
    return Interview(time=began.astimezone(UTC), answers=answers)


def missed(given: Sequence[Given]) -> tuple[tuple[Item, tuple[Text, ...]], ...]:
    """(item, what was missed of it) for each item of which something was missed, in order."""
    return tuple((g.planned.item, g.marked.missed) for g in given if g.marked.missed)


def topic_of(item: Item) -> Topic:
    """The topic of an item."""
    return find(item.question)[0].topic


def _by_topic(items: Sequence[Item]) -> dict[str, list[Item]]:
    topics: dict[str, list[Item]] = {}
    for item in items:
        topics.setdefault(topic_of(item).key, []).append(item)
    return topics


def _mean_weakness(items: Sequence[Item], known: Mapping[str, Memory], now: datetime) -> float:
    return float(np.mean([weakness(item, known, now) for item in items]))


def _chosen(weights: Sequence[float], random: np.random.Generator) -> int:
    """An index, each as likely as its weight says."""
    return int(random.choice(len(weights), p=np.array(weights) / sum(weights)))
