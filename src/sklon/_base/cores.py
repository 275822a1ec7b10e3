"""How many cores this process may keep busy: its affinity, the quota of its control groups, cores and not siblings.

Everything is what the system tells; where it tells nothing, that bound is left out. Affinity is asked for each time,
as it may change while the process runs; quotas are read once.

Two hardware threads of one core share its multiply-add units, which one thread of compiled code keeps busy: they count
once. A quota of 1.5 cores is two: what waits sleeps, so that a thread too many costs nothing, and one too few would
leave granted time unused.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Iterator
from functools import cache, lru_cache
from pathlib import Path, PurePosixPath

PROCESS = Path("/proc/self")
TOPOLOGY = Path("/sys/devices/system/cpu")


def available_cores() -> int:
    """The cores that this process may keep busy, at least 1."""
    cores = _affinity()
    quota = _quota()
    return cores if quota is None else max(1, min(cores, math.ceil(quota)))


def _affinity() -> int:
    if hasattr(os, "sched_getaffinity"):
        return physical_cores(frozenset(os.sched_getaffinity(0)))
    return os.cpu_count() or 1


@lru_cache(maxsize=16)
def physical_cores(processors: frozenset[int], topology: Path = TOPOLOGY) -> int:
    """How many cores the hardware threads of these numbers belong to; each is one where the system does not tell."""
    return len({_siblings(number, topology) for number in processors})


def _siblings(number: int, topology: Path) -> str:
    """The hardware threads of a core, as the system writes them."""
    try:
        return (topology / f"cpu{number}" / "topology" / "thread_siblings_list").read_text().strip()
    except OSError:
        return str(number)


# ---- control groups
@cache
def _quota() -> float | None:
    return quota_of(PROCESS)


def quota_of(process: Path) -> float | None:
    """Cores' worth of time that a process may use, by the tightest of its control groups; None where none limits it.

    ``process`` is its folder in /proc. A group is bounded by those around it, in both versions of control groups.
    """
    try:
        groups = (process / "cgroup").read_text().splitlines()
        mounts = (process / "mountinfo").read_text().splitlines()
    except OSError:
        return None
    limits = [_limit(folder) for folder in _folders(groups, mounts)]
    return min((limit for limit in limits if limit is not None), default=None)


def _folders(groups: Iterable[str], mounts: Iterable[str]) -> Iterator[Path]:
    """The folders of the groups of a process, and of those around them, as far as they can be seen."""
    paths = {controllers: path for _, controllers, path in (line.split(":", 2) for line in groups)}
    of_cpu = next((path for controllers, path in paths.items() if "cpu" in controllers.split(",")), None)
    for line in mounts:
        before, _, after = line.partition(" - ")
        root, mount = before.split()[3:5]
        kind, _, options = after.split(" ", 2)
        if kind == "cgroup2" and "" in paths:
            yield from _upwards(Path(mount), root, paths[""])
        elif kind == "cgroup" and of_cpu is not None and "cpu" in options.split(","):
            yield from _upwards(Path(mount), root, of_cpu)


def _upwards(mount: Path, root: str, path: str) -> Iterator[Path]:
    """From a group's folder up to the mount, whose own group is ``root``; a group outside it is not seen."""
    inside = PurePosixPath(path).is_relative_to(root)
    relative = PurePosixPath(path).relative_to(root) if inside else PurePosixPath()
    yield mount / relative
    yield from (mount / parent for parent in relative.parents)


def _limit(folder: Path) -> float | None:
    """Quota by period of a group; "max" and -1 are no limit."""
    try:
        if (folder / "cpu.max").exists():
            quota, period = (folder / "cpu.max").read_text().split()
        else:
            quota = (folder / "cpu.cfs_quota_us").read_text()
            period = (folder / "cpu.cfs_period_us").read_text()
        return None if quota == "max" or int(quota) <= 0 else int(quota) / int(period)
    except (OSError, ValueError, ZeroDivisionError):
        return None
