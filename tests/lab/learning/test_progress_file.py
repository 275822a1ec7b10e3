"""The file of progress: nothing is lost, whoever writes at the same time; what is damaged or newer is left as it is."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sklon._base.errors import InputError
from sklon.lab.learning import Answered, Interview, Progress, ProgressFile, Review, progress_file
from sklon.lab.learning.grading import RATING_NAMES
from sklon.lab.learning.written import DamagedError, NewerError, read_text, written

FINITE = st.floats(allow_nan=False, allow_infinity=False)
WORDS = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC))
ANSWERS = st.none() | FINITE | WORDS
REVIEWS = st.builds(
    Review,
    item=WORDS,
    time=TIMES,
    rating=st.sampled_from(RATING_NAMES),
    share=st.floats(0, 1),
    given=ANSWERS,
    truth=ANSWERS,
)
INTERVIEWS = st.builds(
    Interview,
    time=TIMES,
    answers=st.lists(
        st.builds(Answered, item=WORDS, share=st.floats(0, 1), seconds=st.floats(0, 1e6), allowed=st.floats(0, 1e6)),
        max_size=3,
    ).map(tuple),
)
PROGRESS = st.builds(
    lambda r, i: Progress(tuple(r), tuple(i)).joined(Progress()),
    st.lists(REVIEWS, max_size=5),
    st.lists(INTERVIEWS, max_size=3),
)
REVIEW = Review(item="Q1/recall-1", time=datetime(2026, 1, 1, tzinfo=UTC), rating="good", share=1.0, given=0.5)


@pytest.fixture(name="file")
def _file(tmp_path: Path) -> ProgressFile:
    return ProgressFile(tmp_path / "folder" / "progress.json")


# ---- text
@given(PROGRESS)
def test_what_is_written_is_read(progress: Progress) -> None:
    assert read_text(written(progress)) == progress


@given(PROGRESS, st.data())
def test_half_a_text_is_damage(progress: Progress, data: st.DataObject) -> None:
    text = written(progress).rstrip()
    cut = data.draw(st.integers(0, len(text) - 1))
    with pytest.raises(DamagedError):
        read_text(text[:cut])


@given(PROGRESS, st.data())
def test_a_changed_text_is_read_or_refused(progress: Progress, data: st.DataObject) -> None:
    text = written(progress)
    at, put = data.draw(st.integers(0, len(text))), data.draw(st.text(max_size=3))
    try:
        found = read_text(text[:at] + put + text[at + data.draw(st.integers(0, 3)) :])
    except (DamagedError, NewerError):
        return
    assert read_text(written(found)) == found


@pytest.mark.parametrize(
    ("change", "where"),
    [
        (lambda t: t.update(kind="other"), "no file of progress"),
        (lambda t: t.update(schema=True), "no file of progress"),
        (lambda t: t.update(schema=0), "no file of progress"),
        (lambda t: t.pop("interviews"), "parts are missing"),
        (lambda t: t.update(more=1), "unknown"),
        (lambda t: t.update(reviews={}), "reviews is no list"),
        (lambda t: t["reviews"].append(1), "entry 2 of reviews"),
        (lambda t: t["reviews"][0].pop("item"), "entry 1 of reviews"),
        (lambda t: t["reviews"][0].update(mood="good"), "entry 1 of reviews"),
        (lambda t: t["reviews"][0].update(item=""), "entry 1 of reviews"),
        (lambda t: t["reviews"][0].update(time="2026-01-01T00:00:00"), "entry 1 of reviews"),
        (lambda t: t["reviews"][0].update(time="yesterday"), "entry 1 of reviews"),
        (lambda t: t["reviews"][0].update(time="9999-12-31T23:59:00+00:00"), "entry 1 of reviews"),
        (lambda t: t["reviews"][0].update(time="0001-01-02T00:00:00+00:00"), "entry 1 of reviews"),
        (lambda t: t["reviews"][0].update(item="\ud800"), "entry 1 of reviews"),
        (lambda t: t["reviews"][0].update(given="\ud800"), "entry 1 of reviews"),
        (lambda t: t["reviews"][0].update(rating="fine"), "entry 1 of reviews"),
        (lambda t: t["reviews"][0].update(rating=[]), "entry 1 of reviews"),
        (lambda t: t["reviews"][0].update(share=1.5), "entry 1 of reviews"),
        (lambda t: t["reviews"][0].update(share=10**400), "entry 1 of reviews"),
        (lambda t: t["reviews"][0].update(given=True), "entry 1 of reviews"),
        (lambda t: t["interviews"].append({"time": "2026-01-01T00:00:00Z", "answers": 1}), "entry 1 of interviews"),
    ],
)
def test_every_kind_of_damage_is_named(change: Callable[[dict[str, object]], object], where: str) -> None:
    table = json.loads(written(Progress((REVIEW,))))
    change(table)
    with pytest.raises(DamagedError, match=where):
        read_text(json.dumps(table))


def test_another_time_zone_is_read_as_utc() -> None:
    text = written(Progress((REVIEW,))).replace("00:00:00+00:00", "05:00:00+05:00")
    assert read_text(text) == Progress((REVIEW,))


# ---- joining
@given(PROGRESS, PROGRESS, PROGRESS)
def test_joining_knows_no_order_and_no_twice(a: Progress, b: Progress, c: Progress) -> None:
    assert a.joined(a) == a
    assert a.joined(b) == b.joined(a)
    assert a.joined(b).joined(c) == a.joined(b.joined(c))
    assert set(a.reviews) | set(b.reviews) == set(a.joined(b).reviews)


# ---- the file
def test_no_file_is_no_progress_and_reading_makes_none(file: ProgressFile) -> None:
    assert file.read() == Progress()
    assert not file.path.parent.exists()


def test_what_is_added_is_there(file: ProgressFile) -> None:
    interview = Interview(time=REVIEW.time, answers=(Answered(item="Q1/recall-1", share=0.5, seconds=9, allowed=60),))
    file.add([REVIEW])
    assert file.add(interviews=[interview]) == file.read() == Progress((REVIEW,), (interview,))
    assert file.add([REVIEW]) == file.read(), "the same review again is no other"
    assert sorted(p.name for p in file.path.parent.iterdir()) == [".progress.json.lock", "progress.json"]
    if os.name == "posix":
        assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700


@settings(max_examples=25)
@given(st.binary(max_size=60) | PROGRESS.map(lambda p: written(p).encode()[:-4]))
def test_a_damaged_file_is_refused_in_a_sentence_and_never_written(content: bytes) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as folder:
        file = ProgressFile(Path(folder, "progress.json"))
        file.path.write_bytes(content)
        for attempt in (file.read, lambda: file.add([REVIEW]), lambda: file.copy_to(Path(folder, "copy.json"))):
            with pytest.raises(InputError, match=r"is damaged .* left as it is; restore a copy.*SKLON_PROGRESS"):
                attempt()
        assert file.path.read_bytes() == content
        assert not Path(folder, "copy.json").exists()


def test_a_newer_file_is_refused_and_never_written(file: ProgressFile) -> None:
    file.add([REVIEW])
    newer = file.path.read_text("utf-8").replace('"schema": 1', '"schema": 2').replace('"reviews"', '"views"')
    file.path.write_text(newer, "utf-8")
    for attempt in (file.read, lambda: file.add([REVIEW])):
        with pytest.raises(InputError, match=r"newer sklon \(schema 2; this one reads 1\)"):
            attempt()
    assert file.path.read_text("utf-8") == newer


def test_a_write_that_fails_leaves_the_file(file: ProgressFile, monkeypatch: pytest.MonkeyPatch) -> None:
    file.add([REVIEW])

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(InputError, match="cannot be written: No space left"):
        file.add([Review(item="Q2/recall-1", time=REVIEW.time, rating="good", share=1.0)])
    assert file.read() == Progress((REVIEW,))
    assert len(list(file.path.parent.iterdir())) == 2, "an unfinished file was left"


def test_a_folder_in_the_way_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        ProgressFile(tmp_path).read()
    (tmp_path / "plain").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        ProgressFile(tmp_path / "plain" / "progress.json").add([REVIEW])


@pytest.mark.skipif(os.name != "posix", reason="links need rights on Windows")
def test_a_link_stays_a_link(file: ProgressFile, tmp_path: Path) -> None:
    link = tmp_path / "link.json"
    link.symlink_to(file.path)
    ProgressFile(link).add([REVIEW])
    assert link.is_symlink() and file.read() == Progress((REVIEW,))


# ---- several writers
WRITER = """
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from sklon.lab.learning import ProgressFile, Review

file, own = ProgressFile(Path(sys.argv[1])), int(sys.argv[2])
for i in range(int(sys.argv[3])):
    time = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=i)
    file.add([Review(item=f"writer-{own}", time=time, rating="good", share=1.0)])
    print(i, flush=True)
"""
EACH = 20


def test_processes_that_write_at_the_same_time_lose_nothing(file: ProgressFile) -> None:
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(file.path), str(own), str(EACH)], stdout=subprocess.DEVNULL)
        for own in range(3)
    ]
    assert [w.wait() for w in writers] == [0, 0, 0]
    counts = [sum(r.item == f"writer-{own}" for r in file.read().reviews) for own in range(3)]
    assert counts == [EACH] * 3


def test_a_writer_that_is_killed_leaves_a_whole_file_and_no_lock(file: ProgressFile) -> None:
    writer = subprocess.Popen(
        [sys.executable, "-c", WRITER, str(file.path), "0", "100000"], stdout=subprocess.PIPE, text=True
    )
    assert writer.stdout is not None
    for _ in range(10):
        said = int(writer.stdout.readline())
    writer.kill()
    said = max([said, *map(int, writer.stdout.read().split())])
    writer.stdout.close()
    writer.wait()
    kept = file.add([REVIEW])
    assert len(kept.reviews) - 1 >= said + 1


def test_threads_that_write_at_the_same_time_lose_nothing(file: ProgressFile) -> None:
    def write(own: int) -> None:
        for i in range(EACH):
            time = REVIEW.time + timedelta(seconds=i)
            file.add([Review(item=f"writer-{own}", time=time, rating="hard", share=0.5)])

    threads = [threading.Thread(target=write, args=(own,)) for own in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(file.read().reviews) == 3 * EACH


# ---- copies
def test_a_copy_is_taken_in_without_loss(file: ProgressFile, tmp_path: Path) -> None:
    other, copy = ProgressFile(tmp_path / "other.json"), tmp_path / "copy.json"
    file.add([REVIEW])
    file.copy_to(copy)
    later = Review(item="Q1/recall-1", time=REVIEW.time + timedelta(days=1), rating="again", share=0.0)
    other.add([later])
    assert other.take_in(copy) == Progress((REVIEW, later)) == other.take_in(copy)
    with pytest.raises(InputError, match="exists already"):
        file.copy_to(copy)
    with pytest.raises(InputError, match="there is no file"):
        file.take_in(tmp_path / "none.json")


def test_copies_are_refused_before_anything_is_written(file: ProgressFile, tmp_path: Path) -> None:
    file.add([REVIEW])
    bad = tmp_path / "bad.json"
    bad.write_text("[]")
    with pytest.raises(InputError, match=r"bad\.json is damaged"):
        file.take_in(bad)
    assert file.read() == Progress((REVIEW,))
    with pytest.raises(InputError, match="cannot be written"):
        file.copy_to(tmp_path / "none" / "copy.json")


# ---- where it is
def test_the_file_is_where_the_system_keeps_data_or_where_the_user_says(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SKLON_PROGRESS", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert progress_file().path == tmp_path / "sklon" / "progress.json"
    monkeypatch.setenv("XDG_DATA_HOME", "relative")
    monkeypatch.setattr(Path, "home", lambda: tmp_path / "me")
    assert progress_file().path == tmp_path / "me" / ".local" / "share" / "sklon" / "progress.json"
    monkeypatch.setattr(sys, "platform", "darwin")
    assert progress_file().path == tmp_path / "me" / "Library" / "Application Support" / "sklon" / "progress.json"
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setenv("LOCALAPPDATA", str(tmp_path / "local"))
    assert progress_file().path == tmp_path / "local" / "sklon" / "progress.json"
    monkeypatch.setenv("SKLON_PROGRESS", str(tmp_path / "mine.json"))
    assert progress_file().path == tmp_path / "mine.json"


def test_without_a_home_the_user_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> Path:
        raise RuntimeError("no home")

    monkeypatch.delenv("SKLON_PROGRESS", raising=False)
    monkeypatch.delenv("XDG_DATA_HOME", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(Path, "home", nowhere)
    with pytest.raises(InputError, match="SKLON_PROGRESS"):
        progress_file()


def test_times_of_other_zones_are_kept_as_utc() -> None:
    eastern = timezone(timedelta(hours=-5))
    assert read_text(written(Progress((REVIEW,)))).reviews[0].time.astimezone(eastern) == REVIEW.time
