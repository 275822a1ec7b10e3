"""How many cores there are to be used: affinity, quotas of control groups, siblings, and what the environment asks."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from sklon._base import cores, settings
from sklon._base.cores import available_cores, physical_cores, quota_of
from sklon._base.errors import InputError
from sklon._base.settings import get_num_threads, num_threads, set_num_threads

V2 = "0::{path}\n"
V1 = "4:memory:/elsewhere\n3:cpu,cpuacct:{path}\n0::/\n"
MOUNT_V2 = "30 23 0:26 {root} {mount} rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate\n"
MOUNT_V1 = (
    "29 23 0:25 / {mount}/../memory rw - cgroup cgroup rw,memory\n"
    "30 23 0:26 {root} {mount} rw - cgroup cgroup rw,cpu,cpuacct\n"
)


def _process(folder: Path, groups: str, mounts: str, files: Mapping[str, str], path: str, root: str = "/") -> Path:
    """A folder like a process's in /proc, whose groups lie in ``folder``."""
    mount = folder / "groups"
    for name, text in files.items():
        (mount / name).parent.mkdir(parents=True, exist_ok=True)
        (mount / name).write_text(text)
    (folder / "cgroup").write_text(groups.format(path=path))
    (folder / "mountinfo").write_text("22 1 8:1 / / rw - ext4 disk rw\n" + mounts.format(root=root, mount=mount))
    return folder


@pytest.mark.parametrize(
    ("files", "path", "root", "expected"),
    [
        ({}, "/", "/", None),
        ({"cpu.max": "max 100000"}, "/", "/", None),
        ({"cpu.max": "150000 100000"}, "/", "/", 1.5),
        ({"a/b/cpu.max": "max 100000", "a/cpu.max": "50000 100000"}, "/a/b", "/", 0.5),
        ({"a/b/cpu.max": "100000 100000", "a/cpu.max": "400000 100000"}, "/a/b", "/", 1.0),
        ({"a/cpu.max": "100000 100000"}, "/b", "/", None),  # not its own group
        ({"cpu.max": "200000 100000"}, "/box/1", "/box/1", 2.0),  # a container that sees its own group as the root
        ({"cpu.max": "200000 100000"}, "/../..", "/", 2.0),
        ({"cpu.max": "nonsense"}, "/", "/", None),
    ],
)
def test_the_tightest_quota_of_version_2_counts(
    files: dict[str, str], path: str, root: str, expected: float | None, tmp_path: Path
) -> None:
    assert quota_of(_process(tmp_path, V2, MOUNT_V2, files, path, root)) == expected


@pytest.mark.parametrize(
    ("quotas", "path", "expected"),
    [
        ({}, "/", None),
        ({".": -1}, "/", None),
        ({".": 250_000}, "/", 2.5),
        ({"a": -1, "a/b": 100_000}, "/a/b", 1.0),
        ({"a": 100_000, "a/b": 300_000}, "/a/b", 1.0),
        ({".": 0}, "/", None),
    ],
)
def test_the_tightest_quota_of_version_1_counts(
    quotas: dict[str, int], path: str, expected: float | None, tmp_path: Path
) -> None:
    files = {f"{folder}/cpu.cfs_quota_us": f"{quota}\n" for folder, quota in quotas.items()}
    files |= {f"{folder}/cpu.cfs_period_us": "100000\n" for folder in quotas}
    assert quota_of(_process(tmp_path, V1, MOUNT_V1, files, path)) == expected


def test_a_system_without_groups_has_no_quota(tmp_path: Path) -> None:
    assert quota_of(tmp_path) is None


@pytest.mark.parametrize(("quota", "expected"), [(None, 8), (16.0, 8), (2.0, 2), (1.5, 2), (1.01, 2), (0.3, 1)])
def test_a_part_of_a_core_is_used_too(quota: float | None, expected: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "_affinity", lambda: 8)
    monkeypatch.setattr(cores, "_quota", lambda: quota)
    assert available_cores() == expected


def test_siblings_of_a_core_count_once(tmp_path: Path) -> None:
    for number, siblings in enumerate(["0,4", "1,5", "2", "3", "0,4", "1,5"]):
        folder = tmp_path / f"cpu{number}" / "topology"
        folder.mkdir(parents=True)
        (folder / "thread_siblings_list").write_text(siblings + "\n")
    assert physical_cores(frozenset({0, 1, 2, 3, 4, 5}), tmp_path) == 4
    assert physical_cores(frozenset({0, 4}), tmp_path) == 1
    assert physical_cores(frozenset({7, 8}), tmp_path) == 2  # of which the system tells nothing


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="this system has no affinity")
def test_affinity_is_respected_when_it_changes() -> None:
    code = (
        "import os, sklon\n"
        "print(sklon.get_num_threads() >= 1)\n"
        "os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})\n"
        "print(sklon.get_num_threads())"
    )
    clean = {k: v for k, v in os.environ.items() if k not in (settings.OWN_VARIABLE, settings.COMMON_VARIABLE)}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, env=clean)
    assert done.stdout.split() == ["True", "1"]


@pytest.fixture
def eight_cores(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """A machine of eight cores, and nothing said in the environment."""
    monkeypatch.setattr(settings, "available_cores", lambda: 8)
    monkeypatch.delenv(settings.OWN_VARIABLE, raising=False)
    monkeypatch.delenv(settings.COMMON_VARIABLE, raising=False)
    return monkeypatch


@pytest.mark.parametrize(
    ("own", "common", "expected"),
    [
        (None, None, 8),
        ("3", None, 3),
        ("3", "2", 3),
        (None, "2", 2),
        (None, "4,2", 4),
        ("64", None, 8),
        (None, "64", 8),
        (None, "many", 8),  # not our variable
    ],
)
def test_the_environment_bounds(
    own: str | None, common: str | None, expected: int, eight_cores: pytest.MonkeyPatch
) -> None:
    for name, value in ((settings.OWN_VARIABLE, own), (settings.COMMON_VARIABLE, common)):
        if value is not None:
            eight_cores.setenv(name, value)
    assert get_num_threads() == expected


@pytest.mark.parametrize("value", ["0", "-1", "two", ""])
def test_nonsense_in_our_own_variable_is_refused(value: str, eight_cores: pytest.MonkeyPatch) -> None:
    eight_cores.setenv(settings.OWN_VARIABLE, value)
    with pytest.raises(InputError, match="SKLON_NUM_THREADS must be a whole number of threads from 1 on"):
        get_num_threads()


def test_what_the_program_says_goes_before_the_environment(eight_cores: pytest.MonkeyPatch) -> None:
    eight_cores.setenv(settings.OWN_VARIABLE, "2")
    try:
        set_num_threads(5)
        assert get_num_threads() == 5
    finally:
        set_num_threads(None)


def test_a_bound_inside_a_block_ends_with_it(eight_cores: pytest.MonkeyPatch) -> None:
    with num_threads(3):
        assert get_num_threads() == 3
        with num_threads(None):
            assert get_num_threads() == 3
    assert get_num_threads() == 8
    eight_cores.setattr(settings, "available_cores", lambda: 4)  # no bound was left behind
    assert get_num_threads() == 4
