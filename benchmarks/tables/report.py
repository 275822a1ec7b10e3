"""Results as a table in text and as a picture of quality against time.

A result is what ``worker`` prints. Errors of different metrics are compared as ratios to LightGBM's on the same set,
and summed up as the geometric mean over the sets that both have.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from statistics import geometric_mean, mean, median, stdev
from typing import Any

from .sets import SETS, TableSet, error_of
from .systems import SYSTEMS

Result = dict[str, Any]
YARDSTICK = "LightGBM"
OURS = "sklon"
SECONDS = "fit_cpu_seconds"
"""What is compared: with one thread a fit, seconds of the processor are those of the clock on a machine at rest."""


def told(results: Sequence[Result]) -> str:
    """Everything as text: a block per set, then what it comes to."""
    blocks = [_block(one, [r for r in results if r["set"] == one.name]) for one in SETS]
    return "\n\n".join([*filter(None, blocks), _summary(results)])


def _block(one: TableSet, results: Sequence[Result]) -> str:
    """The systems on one set, the best first, and the published scores."""
    if not results:
        return ""
    lines = [f"{one.name}: {one.metric}, {'higher' if one.higher_is_better else 'lower'} is better"]
    rows = {system.name: [r for r in results if r["system"] == system.name] for system in SYSTEMS}
    known = {name: found for name, found in rows.items() if found}
    order = sorted(known, key=lambda name: error_of(one, mean_score(known[name])))
    for name in order:
        found = known[name]
        seconds, cpu = (median(r[key] for r in found) for key in ("fit_seconds", "fit_cpu_seconds"))
        spread = stdev(r["score"] for r in found) if len(found) > 1 else 0.0
        lines.append(
            f"  {name:24}{mean_score(found):9.4f} ± {spread:.4f}  {seconds:8.1f} s  {cpu:8.1f} CPU s  "
            f"{len(found)} {'seed' if len(found) == 1 else 'seeds'}{_verdict(one, name, mean_score(found))}"
        )
    if one.published:
        lines.append("  published: " + ", ".join(f"{name} {value:g}" for name, value in one.published.items()))
    return "\n".join(lines)


def _verdict(one: TableSet, name: str, reached: float) -> str:
    """Whether ours is as good as wanted."""
    places = {OURS: 0, f"{OURS}, 8 members": 1}
    wanted = one.wanted[places[name]] if name in places else None
    if wanted is None:
        return ""
    better = error_of(one, reached) <= error_of(one, wanted)
    return f"  {'reaches' if better else 'misses'} {wanted:g}"


def ratios(results: Sequence[Result], system: str, yardstick: str = YARDSTICK) -> list[tuple[float, float]]:
    """Errors and seconds over the yardstick's, for each set that both have."""
    found = []
    for one in SETS:
        ours, theirs = (of(results, one, name) for name in (system, yardstick))
        if ours and theirs:
            error = error_of(one, mean_score(ours)) / error_of(one, mean_score(theirs))
            found.append((error, median(r[SECONDS] for r in ours) / median(r[SECONDS] for r in theirs)))
    return found


def relative(results: Sequence[Result], system: str, yardstick: str = YARDSTICK) -> tuple[float, float, int] | None:
    """The geometric means of error and of seconds relative to the yardstick's, and the sets that both have."""
    found = ratios(results, system, yardstick)
    if not found:
        return None
    errors, seconds = zip(*found, strict=True)
    return geometric_mean(errors), geometric_mean(seconds), len(found)


def wins(results: Sequence[Result], system: str, yardstick: str = YARDSTICK) -> tuple[int, int]:
    """On how many of how many sets a system's mean is better than the yardstick's."""
    found = ratios(results, system, yardstick)
    return sum(error < 1 for error, _ in found), len(found)


def _summary(results: Sequence[Result]) -> str:
    lines = [f"beside {YARDSTICK}: errors and seconds of the processor as ratios (geometric means), sets that it wins"]
    for system in SYSTEMS:
        found = relative(results, system.name)
        if found is not None and system.name != YARDSTICK:
            better, of = wins(results, system.name)
            lines.append(f"  {system.name:24}{found[0]:7.3f} × error {found[1]:8.1f} × time   {better} of {of}")
    against = relative(results, OURS, "RealMLP")
    if against is not None:
        lines.append(f"{OURS} beside RealMLP: {against[0]:.3f} × error, {against[1]:.3f} × time on {against[2]} sets")
    return "\n".join(lines)


#: where a system's name stands beside its point: so many points across and up
ASIDE = {
    "sklon": (-8, -4),
    "sklon, 8 members": (8, -4),
    "LightGBM": (-8, -4),
    "XGBoost": (0, 8),
    "scikit-learn boosting": (8, -4),
}


def plot(results: Sequence[Result], path: Path) -> None:
    """Points of the systems: time across, error upwards, both relative to the yardstick.

    A system that was measured on fewer sets than others says so: its mean is one over other sets.
    """
    from matplotlib.figure import Figure

    known = {system.name: relative(results, system.name) for system in SYSTEMS}
    points = {name: found for name, found in known.items() if found is not None}
    most = max((sets for *_, sets in points.values()), default=0)
    figure = Figure(figsize=(7, 4), layout="constrained", dpi=150)
    axis = figure.subplots()
    for name, (error, seconds, sets) in points.items():
        axis.plot(seconds, error, "o", color="C1" if name.startswith(OURS) else "C0")
        label = name if sets == most else f"{name} ({sets} of {most} sets)"
        aside = ASIDE.get(name, (8, -4))
        side = "right" if aside[0] < 0 else "left"
        axis.annotate(label, (seconds, error), xytext=aside, ha=side, textcoords="offset points", fontsize=9)
    axis.set_xscale("log")
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.set_xlabel(f"seconds of the processor for a fit, {YARDSTICK} = 1")
    axis.set_ylabel(f"error, {YARDSTICK} = 1")
    axis.grid(color="0.9")
    axis.margins(x=0.25, y=0.12)
    figure.savefig(path)


def of(results: Sequence[Result], one: TableSet, system: str) -> list[Result]:
    """The results of a system on a set."""
    return [r for r in results if (r["set"], r["system"]) == (one.name, system)]


def mean_score(results: Iterable[Result]) -> float:
    """The mean score of fits."""
    return mean(float(r["score"]) for r in results)
