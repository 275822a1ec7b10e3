"""Q8: how many updates a training makes, and how many rows the last batch of an epoch has."""

from __future__ import annotations

import numpy as np

from sklon.data import DataLoader, TensorDataset
from sklon.lab.text import Text

from .fresh import Fresh, Numbers, words

SIZES = (8, 16, 32, 64, 128)
KEPT = Text("is used as it is", "используется как есть")
LEFT_OUT = Text("is left out", "отбрасывается")


def _draw(random: np.random.Generator) -> Numbers:
    """Rows, rows in a batch that does not divide them, epochs, and what becomes of the short batch."""
    size = int(random.choice(SIZES))
    rows = size * int(random.integers(3, 13)) + int(random.integers(1, size))
    return {"rows": rows, "size": size, "epochs": int(random.integers(2, 6)), "drop_last": bool(random.integers(2))}


def _loader(numbers: Numbers, *, drop_last: bool) -> DataLoader:
    rows = np.zeros((numbers["rows"], 1), np.float32)
    return DataLoader(TensorDataset(rows), numbers["size"], shuffle=True, drop_last=drop_last, seed=0)


def _solve_updates(numbers: Numbers) -> float:
    loader = _loader(numbers, drop_last=numbers["drop_last"])
    return float(sum(1 for _ in range(numbers["epochs"]) for _ in loader))


def _ask_updates(numbers: Numbers) -> Text:
    return words(
        "{rows} rows, batches of {size}, {epochs} epochs; a short last batch {fate}. How many updates are made in all?",
        "Строк {rows}, размер батча {size}, эпох {epochs}; неполный последний батч {fate}. Сколько всего будет "
        "обновлений?",
        rows=numbers["rows"],
        size=numbers["size"],
        epochs=numbers["epochs"],
        fate=LEFT_OUT if numbers["drop_last"] else KEPT,
    )


def _why_updates(numbers: Numbers, truth: float) -> Text:
    side = "floor" if numbers["drop_last"] else "ceil"
    return words(
        "$\\l{side} {rows}/{size} \\r{side} = {each}$ in an epoch, ${each} \\cdot {epochs} = {truth}$ in all.",
        "$\\l{side} {rows}/{size} \\r{side} = {each}$ за эпоху, всего ${each} \\cdot {epochs} = {truth}$.",
        side=side,
        rows=numbers["rows"],
        size=numbers["size"],
        epochs=numbers["epochs"],
        each=truth / numbers["epochs"],
        truth=truth,
    )


def _solve_last(numbers: Numbers) -> float:
    *_, (last,) = _loader(numbers, drop_last=False)
    return float(last.shape[0])


def _ask_last(numbers: Numbers) -> Text:
    return words(
        "{rows} rows are cut into batches of {size}, and nothing is left out. How many rows does the last batch have?",
        "Строк {rows}, размер батча {size}, ничего не отбрасывается. Сколько строк в последнем батче?",
        rows=numbers["rows"],
        size=numbers["size"],
    )


def _why_last(numbers: Numbers, truth: float) -> Text:
    return words(
        "${rows} = {full} \\cdot {size} + {truth}$.",
        "${rows} = {full} \\cdot {size} + {truth}$: столько и остаётся.",
        rows=numbers["rows"],
        full=numbers["rows"] // numbers["size"],
        size=numbers["size"],
        truth=truth,
    )


UPDATES = Fresh(name="updates", question="Q8", draw=_draw, solve=_solve_updates, prompt=_ask_updates, why=_why_updates)
LAST_BATCH = Fresh(name="last-batch", question="Q8", draw=_draw, solve=_solve_last, prompt=_ask_last, why=_why_last)
