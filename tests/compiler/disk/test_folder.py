"""Only what this user alone can have written is read; the folder stays small; nothing else in it is touched."""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from sklon.compiler.disk import folder as folders
from sklon.compiler.disk.folder import DAY, Folder, UnusableError, opened

KEY, DATA = bytes([255] * 32), b"machine code"
OWNERS = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="this system has no owners and modes")
ELSEWHO = 12345  # a user that is not this one


def key(number: int) -> bytes:
    """Keys in whose turn it is to make room."""
    return bytes([0, number] * 16)


@pytest.fixture(name="place")
def _place(tmp_path: Path) -> Path:
    """Where the folder will be."""
    return tmp_path / "above" / "sklon"


@pytest.fixture(name="folder", params=["relative", "by path"])
def _folder(place: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Iterator[Folder]:
    """The folder, opened; once as systems do that know no paths relative to one."""
    if request.param == "relative" and not folders.RELATIVE:
        pytest.skip("this system has no paths relative to an open folder")
    monkeypatch.setattr(folders, "RELATIVE", request.param == "relative")
    with opened(place, create=True) as folder:
        yield folder


def file_of(folder: Folder) -> Path:
    """The file of ``KEY``."""
    return folder.path / f"{KEY.hex()}.sklon"


def names(place: Path) -> list[str]:
    """All that lies in a folder."""
    return sorted(path.name for path in place.iterdir())


# ---- reading and writing
def test_what_was_written_is_read_and_may_be_replaced(folder: Folder) -> None:
    assert folder.read(KEY) is None
    folder.write(KEY, DATA)
    assert folder.read(KEY) == DATA
    folder.write(KEY, b"other")
    assert folder.read(KEY) == b"other" and folder.read(bytes(32)) is None
    assert names(folder.path) == [file_of(folder).name]


@OWNERS
def test_folder_and_files_are_the_users_alone_whatever_the_mask(place: Path) -> None:
    before = os.umask(0)
    try:
        with opened(place, create=True) as folder:
            folder.write(KEY, DATA)
    finally:
        os.umask(before)
    assert stat.S_IMODE(place.stat().st_mode) == 0o700
    assert stat.S_IMODE(file_of(folder).stat().st_mode) == 0o600


def test_a_folder_that_is_not_wanted_is_not_made(place: Path) -> None:
    with pytest.raises(UnusableError, match="cannot be used"), opened(place):
        pass
    assert not place.parent.exists()


def test_no_descriptor_is_left_open(folder: Folder) -> None:
    folder.write(KEY, DATA)
    file_of(folder).with_name(f"{'0' * 64}.sklon").mkdir()
    before = os.dup(0)
    os.close(before)
    for wanted in (KEY, bytes(32), bytes([1] * 32)):
        folder.read(wanted)
    folder.entries()
    after = os.dup(0)
    os.close(after)
    assert after == before


# ---- folders that are not used
def _group(place: Path) -> None:
    place.chmod(0o770)


def _others(place: Path) -> None:
    place.chmod(0o702)


def _file(place: Path) -> None:
    place.rmdir()
    place.touch()


def _link(place: Path) -> None:
    real = place.rename(place.with_name("real"))
    place.symlink_to(real, target_is_directory=True)


def _dangling(place: Path) -> None:
    place.rmdir()
    place.symlink_to(place.with_name("nothing"))


@OWNERS
@pytest.mark.parametrize("spoil", [_group, _others, _file, _link, _dangling])
@pytest.mark.parametrize("create", [False, True])
def test_a_folder_that_others_may_have_written_is_not_used(
    spoil: Callable[[Path], None], create: bool, place: Path
) -> None:
    place.mkdir(parents=True, mode=0o700)
    spoil(place)
    with pytest.raises(UnusableError, match=str(place)), opened(place, create):
        pass


@OWNERS
def test_another_users_folder_is_not_used(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place.mkdir(parents=True, mode=0o700)
    own = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: own + 1)
    with pytest.raises(UnusableError, match="belongs to another user"), opened(place, create=True):
        pass


@OWNERS
def test_no_folder_is_made_in_another_users_home(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As root under sudo, whose files the owner of the home could not use."""
    if os.geteuid() == 0:
        os.chown(place.parents[1], ELSEWHO, -1)
    else:
        monkeypatch.setattr(os, "geteuid", lambda: ELSEWHO)
    with pytest.raises(UnusableError, match="above it belongs to another user"), opened(place, create=True):
        pass
    assert not place.parent.exists()


# ---- files that are not read
def _writable(mode: int) -> Callable[[Path, pytest.MonkeyPatch], None]:
    return lambda file, _: file.chmod(mode)


def _replaced(make: Callable[[Path], Any]) -> Callable[[Path, pytest.MonkeyPatch], None]:
    def replace(file: Path, _: pytest.MonkeyPatch) -> None:
        file.rename(file.with_name("real"))
        make(file)

    return replace


def _foreign(file: Path, patch: pytest.MonkeyPatch) -> None:
    """Tell of every file, but of no folder, that it belongs to another user."""
    real = os.fstat

    def fstat(descriptor: int) -> os.stat_result:
        status = real(descriptor)
        if stat.S_ISDIR(status.st_mode):
            return status
        fields = list(status)
        fields[stat.ST_UID] += 1
        return os.stat_result(fields)

    patch.setattr(os, "fstat", fstat)


SPOILED = {
    "the group may write": _writable(0o620),
    "others may write": _writable(0o602),
    "another user's": _foreign,
    "a link": _replaced(lambda file: file.symlink_to(file.with_name("real"))),
    "a link to nothing": _replaced(lambda file: file.symlink_to("nothing")),
    "a folder": _replaced(lambda file: file.mkdir()),
    "a pipe": _replaced(lambda file: os.mkfifo(file)),
}


@OWNERS
@pytest.mark.parametrize("spoil", SPOILED.values(), ids=SPOILED)
def test_a_file_that_others_may_have_written_is_not_read(
    spoil: Callable[[Path, pytest.MonkeyPatch], None], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with opened(place, create=True) as folder:
        folder.write(KEY, DATA)
        assert folder.read(KEY) == DATA
        with monkeypatch.context() as patch:
            spoil(file_of(folder), patch)
            assert folder.read(KEY) is None


@OWNERS
def test_what_is_written_takes_the_place_of_a_link_and_not_of_its_target(place: Path) -> None:
    with opened(place, create=True) as folder:
        target = place.parent / "precious"
        target.write_bytes(b"precious")
        file_of(folder).symlink_to(target)
        folder.write(KEY, DATA)
        assert folder.read(KEY) == DATA and target.read_bytes() == b"precious"


def test_a_file_larger_than_all_may_be_is_neither_written_nor_read(
    folder: Folder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder.write(KEY, DATA)
    monkeypatch.setattr(folders, "LIMIT", len(DATA) - 1)
    assert folder.read(KEY) is None
    folder.write(key(1), DATA)
    assert names(folder.path) == [file_of(folder).name]


# ---- what goes wrong while writing
@pytest.mark.parametrize("error", [OSError(errno.ENOSPC, "No space left on device"), KeyboardInterrupt()])
def test_nothing_unfinished_is_left(folder: Folder, error: BaseException, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(type(error)):
        folder.write(KEY, DATA)
    assert names(folder.path) == []


# ---- room
def fill(folder: Folder, count: int, size: int) -> None:
    """Entries of which the first was used longest ago."""
    for number in range(count):
        folder.write(key(number), bytes(size))
        used = time.time() - 3600 * (count - number)
        os.utime(folder.path / f"{key(number).hex()}.sklon", (used, used))


def test_what_was_not_used_for_longest_makes_room(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "LIMIT", 1000)
    fill(folder, 3, 300)
    assert len(folder.entries()) == 3
    folder.write(key(3), bytes(300))
    assert [folder.read(key(number)) is not None for number in range(4)] == [False, False, True, True]


def test_one_file_in_sixteen_makes_room_and_every_large_one(folder: Folder, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folders, "LIMIT", 1000)
    made: list[int] = []
    monkeypatch.setattr(Folder, "make_room", lambda self: made.append(1))
    for first in range(32):
        folder.write(bytes([first] * 32), bytes(10))
    assert len(made) == 2
    folder.write(KEY, bytes(100))
    assert len(made) == 3


def test_reading_marks_an_entry_as_used_once_a_day(folder: Folder) -> None:
    folder.write(KEY, DATA)
    for since, marked in ((DAY / 2, False), (2 * DAY, True), (-2 * DAY, True)):
        used = time.time() - since
        os.utime(file_of(folder), (used, used))
        assert folder.read(KEY) == DATA
        assert (abs(file_of(folder).stat().st_mtime - used) > DAY) is marked


def test_what_a_killed_process_left_goes_in_an_hour(folder: Folder) -> None:
    old, young = (folder.path / f"{KEY.hex()}.sklon.{digit * 16}" for digit in "01")
    for path, since in ((old, 3700), (young, 60)):
        path.write_bytes(DATA)
        os.utime(path, (time.time() - since,) * 2)
    folder.make_room()
    assert names(folder.path) == [young.name]


def test_clearing_leaves_what_is_not_ours(folder: Folder) -> None:
    folder.write(KEY, DATA)
    (folder.path / f"{KEY.hex()}.sklon.{'0' * 16}").write_bytes(DATA)
    others = ["notes.txt", "model.sklon", f"{'0' * 63}.sklon", f"{KEY.hex()}.sklon.txt", f"{'A' * 64}.sklon"]
    for name in others:
        (folder.path / name).write_bytes(DATA)
    (folder.path / f"{'1' * 64}.sklon").mkdir()
    (folder.path / f"{'2' * 64}.sklon").symlink_to(folder.path / "notes.txt")
    removed = folder.clear()
    assert [(file.name, file.size) for file in removed] == [(file_of(folder).name, len(DATA))]
    assert names(folder.path) == sorted([*others, f"{'1' * 64}.sklon", f"{'2' * 64}.sklon"])
    assert (folder.path / "notes.txt").read_bytes() == DATA


@OWNERS
def test_clearing_leaves_another_users_files(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with opened(place, create=True) as folder:
        folder.write(KEY, DATA)
        own = os.geteuid()
        monkeypatch.setattr(os, "geteuid", lambda: own + 1)
        assert folder.entries() == [] and folder.clear() == []
        assert names(place) == [file_of(folder).name]
