"""The draw of an interview, and what is said at its end."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from sklon._base.errors import InputError
from sklon.lab.learning import (
    Given,
    KeyPoints,
    Planned,
    PointsTask,
    Review,
    all_items,
    draw,
    interview_of,
    item_of,
    memories,
    missed,
    pose,
    topic_of,
    weakness,
)
from sklon.lab.learning.interview import LEAST_WEAKNESS, SECONDS
from sklon.lab.learning.items import Item
from sklon.lab.topics import TOPICS

NOW = datetime(2026, 1, 1, tzinfo=UTC)


def known_but_for(topic: str) -> dict[str, object]:
    reviews = [Review(item=i.key, time=NOW, rating="easy", share=1.0) for i in all_items() if topic_of(i).key != topic]
    return dict(memories(reviews))


def test_topics_are_mixed() -> None:
    for seed in range(5):
        planned = draw(all_items(), {}, NOW, count=12, seed=seed)
        assert len({topic_of(p.item).key for p in planned}) == 12 == len(TOPICS)
        twice = draw(all_items(), {}, NOW, count=24, seed=seed)
        keys = [topic_of(p.item).key for p in twice]
        assert sorted(keys[:12]) == sorted(keys[12:])
        assert len({p.item.key for p in twice}) == 24


def test_what_is_weak_is_drawn_more_often() -> None:
    known = known_but_for("dropout")
    first = [draw(all_items(), known, NOW, count=1, seed=seed)[0].item for seed in range(60)]  # type: ignore[arg-type]
    share = sum(topic_of(i).key == "dropout" for i in first) / len(first)
    assert share > 0.4, "11 topics weigh 0.05 each, this one 1: about 0.65"
    assert share < 1.0, "the others come, too"


def test_a_draw_follows_from_its_seed() -> None:
    assert (
        draw(all_items(), {}, NOW, seed=3) == draw(all_items(), {}, NOW, seed=3) != draw(all_items(), {}, NOW, seed=4)
    )


def test_there_are_no_more_items_than_there_are() -> None:
    few = all_items()[:3]
    assert {p.item.key for p in draw(few, {}, NOW, count=9)} == {i.key for i in few}
    assert draw((), {}, NOW) == ()
    with pytest.raises(InputError, match="count"):
        draw(few, {}, NOW, count=0)


def test_weakness_is_what_is_not_recalled() -> None:
    item = item_of("Q1/recall-1")
    assert weakness(item, {}, NOW) == 1.0
    known = memories([Review(item=item.key, time=NOW, rating="good", share=1.0)])
    assert weakness(item, known, NOW) == LEAST_WEAKNESS
    assert weakness(item, known, NOW + timedelta(days=3)) < weakness(item, known, NOW + timedelta(days=30)) < 1.0


def test_every_kind_of_item_has_its_time() -> None:
    assert SECONDS.keys() == set(Item.__args__)
    assert {type(i) for i in all_items()} <= SECONDS.keys()


def test_the_end_says_what_was_missed_and_what_was_late() -> None:
    items = [i for i in all_items() if isinstance(i, KeyPoints)][:2]
    tasks = [pose(i) for i in items]
    assert all(isinstance(t, PointsTask) for t in tasks)
    whole, half = (t.mark([0] if n else range(len(t.points))) for n, t in enumerate(tasks) if isinstance(t, PointsTask))
    given = [
        Given(planned=Planned(items[0], 120.0), marked=whole, seconds=100.0),
        Given(planned=Planned(items[1], 120.0), marked=half, seconds=130.0),
    ]
    kept = interview_of(NOW, given)
    assert [a.late for a in kept.answers] == [False, True]
    assert kept.share == pytest.approx((1 + half.grade.share) / 2)
    ((item, points),) = missed(given)
    assert item == items[1] and points == items[1].points[1:]
