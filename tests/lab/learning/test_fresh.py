"""Items with fresh numbers: the engine's answer is that of PyTorch or NumPy, the usual mistake is another."""

from __future__ import annotations

import re
from collections.abc import Callable

import numpy as np
import pytest

from sklon.lab.learning import FreshNumbers, all_items, grade_number, pose
from sklon.lab.learning.fresh import ALL_FRESH, Fresh, Numbers
from sklon.lab.text import LANGUAGES

torch = pytest.importorskip("torch")

SEEDS = range(40)
FRESH = [pytest.param(f, id=f"{f.question}-{f.name}") for f in ALL_FRESH]


# ---- references
def gradient(n: Numbers) -> float:
    x = torch.tensor(n["at"], dtype=torch.float64, requires_grad=True)
    (n["a"] * x[0] ** 2 + n["b"] * x[0] * x[1] + n["c"] * x[1]).backward()
    return float(x.grad[n["by"] - 1])


def updates(n: Numbers) -> float:
    data = torch.utils.data.TensorDataset(torch.zeros(n["rows"], 1))
    loader = torch.utils.data.DataLoader(data, n["size"], drop_last=n["drop_last"])
    return float(n["epochs"] * sum(1 for _ in loader))


def last_batch(n: Numbers) -> float:
    return float(torch.arange(n["rows"]).split(n["size"])[-1].numel())


def added_up(n: Numbers) -> float:
    w = torch.tensor(float(n["weight"]), requires_grad=True)
    for count in range(1, n["passes"] + 1):
        if count == n["cleared"]:
            w.grad = None
        (w**2).backward()
    return float(w.grad)


def stepped(rule: Callable[..., object], **settings: str) -> Callable[[Numbers], float]:
    def moved(n: Numbers) -> float:
        w = torch.ones((), dtype=torch.float64, requires_grad=True)
        optimizer = rule([w], lr=n["lr"], **{name: n[key] for name, key in settings.items()})
        for g in n["gradients"]:
            w.grad = torch.full_like(w, g)
            optimizer.step()  # type: ignore[attr-defined]
        return float(w.detach()) - 1

    return moved


def batch_norm(n: Numbers) -> tuple[float, float]:
    layer = torch.nn.BatchNorm1d(1, dtype=torch.float64)
    result = layer(torch.tensor(n["values"], dtype=torch.float64)[:, None])
    return float(result[n["which"] - 1, 0].detach()), float(layer.running_var)


def patience(n: Numbers) -> float:
    best, since = np.inf, 0
    for epoch, value in enumerate(n["curve"], 1):
        best, since = (value, 0) if value < best else (best, since + 1)
        if since == n["patience"]:
            return epoch
    raise AssertionError("it never stops")


def generalization_loss(n: Numbers) -> float:
    curve = np.array(n["curve"])
    above = curve > np.minimum.accumulate(curve) * (1 + n["percent"] / 100)
    return float(np.argmax(above) + 1)


REFERENCES: dict[str, Callable[[Numbers], float]] = {
    "gradient": gradient,
    "updates": updates,
    "last-batch": last_batch,
    "added-up": added_up,
    "sgd": stepped(torch.optim.SGD, weight_decay="decay"),
    "momentum": stepped(torch.optim.SGD, momentum="momentum"),
    "adam": stepped(torch.optim.Adam),
    "normalized": lambda n: batch_norm(n)[0],
    "running-variance": lambda n: batch_norm(n)[1],
    "patience": patience,
    "generalization-loss": generalization_loss,
}
#: what comes out if the point of the item is missed
MISTAKES: dict[str, Callable[[Numbers], float]] = {
    "updates": lambda n: n["rows"] / n["size"] * n["epochs"],
    "last-batch": lambda n: float(n["size"]),
    "added-up": lambda n: 2.0 * n["weight"] * n["passes"],
    "sgd": lambda n: -n["lr"] * n["gradients"][0],
    "momentum": lambda n: -n["lr"] * sum(n["gradients"]),
    "adam": lambda n: -n["lr"] * n["gradients"][0],
    "normalized": lambda n: (n["values"][n["which"] - 1] - np.mean(n["values"])) / np.std(n["values"], ddof=1),
    "running-variance": lambda n: 0.9 + 0.1 * float(np.var(n["values"])),
    "patience": lambda n: float(np.argmin(n["curve"]) + 1),
    "generalization-loss": lambda n: float(np.argmin(n["curve"]) + 1),
}


def test_every_item_has_a_reference() -> None:
    assert {f.name for f in ALL_FRESH} == REFERENCES.keys()
    assert len(ALL_FRESH) == len(REFERENCES)


@pytest.mark.parametrize("fresh", FRESH)
def test_the_answer_is_that_of_an_independent_computation(fresh: Fresh) -> None:
    for seed in SEEDS:
        numbers = fresh.draw(np.random.default_rng(seed))
        assert fresh.solve(numbers) == pytest.approx(REFERENCES[fresh.name](numbers), rel=1e-9, abs=1e-12), numbers


@pytest.mark.parametrize("fresh", [p for p in FRESH if p.values[0].name in MISTAKES])  # type: ignore[union-attr]
def test_the_usual_mistake_is_wrong(fresh: Fresh) -> None:
    for seed in SEEDS:
        numbers = fresh.draw(np.random.default_rng(seed))
        assert not grade_number(MISTAKES[fresh.name](numbers), fresh.solve(numbers), "exact").right, numbers


@pytest.mark.parametrize("fresh", FRESH)
def test_other_seeds_make_other_numbers_and_the_same_seed_the_same(fresh: Fresh) -> None:
    drawn = [str(fresh.draw(np.random.default_rng(seed))) for seed in SEEDS]
    assert len(set(drawn)) > 5
    assert drawn == [str(fresh.draw(np.random.default_rng(seed))) for seed in SEEDS]


@pytest.mark.parametrize("fresh", FRESH)
def test_texts_hold_their_numbers_in_both_languages(fresh: Fresh) -> None:
    for seed in SEEDS:
        numbers = fresh.draw(np.random.default_rng(seed))
        truth = fresh.solve(numbers)
        for text in (fresh.prompt(numbers), fresh.why(numbers, truth)):
            assert re.search("[а-я]", text.ru) or text == fresh.why(numbers, truth)
            assert not re.search("[а-яё]", text.en)
            for language in LANGUAGES:
                assert text.of(language).count("$") % 2 == 0
                assert not re.search(r"\d\.\d", text.ru), "a decimal point in Russian"
        digits = fresh.prompt(numbers).en
        for value in numbers.values():
            if isinstance(value, int) and not isinstance(value, bool) and fresh.name not in ("gradient", "last-batch"):
                assert str(value) in digits or value == numbers.get("which")


def test_no_value_lies_at_the_limit_where_rounding_would_decide() -> None:
    fresh = next(f for f in ALL_FRESH if f.name == "generalization-loss")
    for seed in range(400):
        numbers = fresh.draw(np.random.default_rng(seed))
        curve = np.array(numbers["curve"])
        limits = np.minimum.accumulate(curve) * (1 + numbers["percent"] / 100)
        assert np.abs(curve - limits).min() > 1e-4, seed


def test_an_item_is_asked_anew_with_other_numbers() -> None:
    for item in all_items():
        if isinstance(item, FreshNumbers):
            assert len({pose(item, seed).prompt.en for seed in range(20)}) > 3
            assert pose(item, 4).prompt == pose(item, 4).prompt
