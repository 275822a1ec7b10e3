"""Finders: the rate at which a quadratic diverges, memory to the byte, and nothing changed by looking."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sklon import Trainer, get_num_threads, nn, optim
from sklon._base.errors import InputError
from sklon.compiler import cache
from sklon.compiler.executable import Executable, compile_graph
from sklon.graph.node import Graph
from sklon.optim import schedules
from sklon.tensors.modes import generator, seeded
from sklon.training import finders
from sklon.training.finders import EXPLOSION, MEMORY, SMOOTHING, TOO_LARGE, bytes_of

Array = np.ndarray[Any, Any]
ROWS, INPUTS = 60, 4
RNG = np.random.default_rng(3)
X, Y = RNG.standard_normal((ROWS, INPUTS)).astype(np.float32), RNG.standard_normal((ROWS, 1)).astype(np.float32)


# ---- nothing is changed
def model() -> nn.Sequential:
    with seeded(1):
        return nn.Sequential(nn.Linear(INPUTS, 8), nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 1))


def everything(trainer: Trainer) -> dict[str, Any]:
    """All that a fit depends on, to the bit, with the identities of what could have been replaced."""
    updates = trainer.updates
    found: dict[str, Any] = {k: np.asarray(v).tobytes() for k, v in trainer.model.state_dict().items()}
    found.update({k: v.tobytes() for k, v in updates.slots.items()})
    found["history"] = [{k: v for k, v in row.items() if k != "seconds"} for row in trainer.history]
    found["counters"] = (trainer.epoch, trainer.step, trainer.stopped, dict(updates.before), dict(updates.rules))
    found["random"] = (trainer.seed, generator().seed, generator().count, np.random.get_state()[1].tobytes())  # type: ignore[index]
    found["modes"] = [m.training for m in trainer.model.modules()]
    found["nodes"] = [id(p.node) for p in (*trainer.model.parameters(), *trainer.model.buffers())]
    if updates.optimizer is not None:
        state = updates.optimizer.state_dict()["state"]
        found["optimizer"] = {i: {k: np.asarray(v).tobytes() for k, v in s.items()} for i, s in state.items()}
    return found


def values(trainer: Trainer) -> dict[str, Any]:
    """The same without identities, for two trainers."""
    return {k: v for k, v in everything(trainer).items() if k not in ("nodes", "random")}


SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "penalties": {"l1": 0.01, "l2": 0.01, "weight_decay": 0.1},
    "clip": {"clip": optim.ClipNorm(0.5)},
    "average": {"average": optim.EMA(0.9)},
    "swa": {"average": optim.SWA(2)},
    "skip": {"on_non_finite": "skip"},
    "schedule": {"schedule": schedules.Warmup(0.2)},
}
BATCHES: dict[str, dict[str, Any]] = {
    "mini": {"batch_size": 7},
    "micro": {"batch_size": 12, "micro_batch_size": 4, "shuffle": False},
    "held out": {"batch_size": 8, "validation": 0.2, "drop_last": True},
}
FINDERS: dict[str, Callable[..., Any]] = {
    "lr": lambda trainer, **batches: trainer.find_lr((X, Y), steps=20, **batches),
    "micro": lambda trainer, micro_batch_size=None, **batches: trainer.find_micro_batch((X, Y), **batches),
}


@pytest.mark.parametrize("finder", FINDERS)
@pytest.mark.parametrize("batches", BATCHES)
@pytest.mark.parametrize("settings", SETTINGS)
def test_finders_change_nothing_and_the_next_fit_neither(settings: str, batches: str, finder: str) -> None:
    trainers = [Trainer(model(), loss="mse", seed=5, **SETTINGS[settings]) for _ in range(2)]
    for trainer in trainers:
        trainer.fit((X, Y), epochs=1, **BATCHES[batches])
    before = everything(trainers[0])
    FINDERS[finder](trainers[0], **BATCHES[batches])
    assert everything(trainers[0]) == before
    for trainer in trainers:
        trainer.fit((X, Y), epochs=2, **BATCHES[batches])
    assert values(trainers[0]) == values(trainers[1])


@pytest.mark.parametrize("finder", FINDERS)
def test_a_given_optimizer_keeps_its_state(finder: str) -> None:
    net = model()
    groups: list[dict[str, Any]] = [{"params": net[0].parameters(), "lr": 0.01}, {"params": net[4].parameters()}]
    trainer = Trainer(net, loss="mse", optimizer=optim.Adam(groups, lr=0.1))
    trainer.fit((X, Y), epochs=1)
    before = everything(trainer)
    FINDERS[finder](trainer, batch_size=8)
    assert everything(trainer) == before


def test_a_finder_that_trained_the_trainer_itself_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finders, "twin_of", lambda trainer: trainer)
    trainer = Trainer(model(), loss="mse")
    before = everything(trainer)
    trainer.find_lr((X, Y), steps=20)
    assert everything(trainer) != before


# ---- the range test
def noisy(curvature: float) -> tuple[Trainer, tuple[Array, Array]]:
    """E(w) = ½·λ·(w − w*)² and a constant, as a mean over rows with noise: gradient descent diverges from 2/λ on."""
    a = np.sqrt(curvature / 2)
    net = nn.Linear(1, 1, bias=False, dtype="float64")
    net.weight.assign(np.full((1, 1), 5 / a))
    return Trainer(net, loss="mse", optimizer="sgd"), (np.full((64, 1), a), 2 + np.tile([[1.0], [-1.0]], (32, 1)))


@pytest.mark.parametrize("curvature", [0.5, 8.0, 200.0])
def test_the_loss_of_a_quadratic_explodes_at_two_over_its_curvature(curvature: float) -> None:
    trainer, data = noisy(curvature)
    limit = 2 / curvature
    found = trainer.find_lr(data, batch_size=16, lowest=0.001 * limit, highest=100 * limit, steps=400)
    assert found.exploded is not None and limit < found.exploded < 1.6 * limit
    assert found.suggestion is not None and found.suggestion < 0.1 * limit


def test_the_losses_are_those_of_gradient_descent_with_rising_rates() -> None:
    trainer, (x, y) = noisy(8.0)
    found = trainer.find_lr((x, y), batch_size="full", lowest=0.01, highest=1.0, steps=30)
    a, w, losses = x[0, 0], 5 / x[0, 0], []
    for k in range(30):
        losses.append(np.mean((a * w - y) ** 2))
        w -= 0.01 * 100 ** (k / 29) * np.mean(2 * a * (a * w - y))
    np.testing.assert_allclose(found.losses, losses[: len(found.losses)], rtol=1e-12)
    np.testing.assert_allclose(found.rates, np.geomspace(0.01, 1.0, 30)[: len(found.losses)], rtol=1e-12)


def test_the_curve_is_smoothed_and_ends_at_the_explosion() -> None:
    trainer, data = noisy(8.0)
    found = trainer.find_lr(data, batch_size=4)
    mean, expected = 0.0, []
    for k, loss in enumerate(found.losses):
        mean = SMOOTHING * mean + (1 - SMOOTHING) * loss
        expected.append(mean / (1 - SMOOTHING ** (k + 1)))
    np.testing.assert_allclose(found.smoothed, expected, rtol=1e-9)
    judged = found.smoothed[MEMORY:]
    over = [s > EXPLOSION * min(judged[: k + 1]) for k, s in enumerate(judged)]
    assert over == [False] * (len(over) - 1) + [True] and found.exploded == found.rates[-1]
    best = found.rates[MEMORY + int(np.argmin(judged))]
    assert found.suggestion == pytest.approx(best / 10) and f"lr={best / 10:.2g}: a tenth" in found.sentence


def test_rates_that_are_all_too_high_give_no_suggestion() -> None:
    trainer, data = noisy(8.0)
    found = trainer.find_lr(data, batch_size="full", lowest=10.0, highest=1e200, steps=20)
    assert found.suggestion is None and found.exploded is not None and "smaller lowest" in found.sentence


def test_rates_that_are_all_too_low_say_that_there_is_more() -> None:
    trainer, data = noisy(8.0)
    found = trainer.find_lr(data, batch_size="full", lowest=1e-6, highest=1e-2, steps=20)
    assert found.exploded is None and len(found.rates) == 20 and "a larger highest may show more" in found.sentence


def test_the_suggestion_trains() -> None:
    x = RNG.standard_normal((500, 3)).astype(np.float32)
    y = np.sin(2 * x[:, :1]) + x[:, 1:2]
    with seeded(2):
        net = nn.Sequential(nn.Linear(3, 32), nn.ReLU(), nn.Linear(32, 1))
    found = Trainer(net, loss="mse", optimizer="sgd").find_lr((x, y), batch_size=32)
    assert found.suggestion is not None
    trainer = Trainer(net, loss="mse", optimizer="sgd", lr=found.suggestion)
    assert trainer.fit((x, y), epochs=40, batch_size=32)[-1]["train_loss"] < 0.1 * float(np.var(y))


def test_groups_keep_the_ratio_of_their_rates() -> None:
    net = nn.Sequential(nn.Linear(INPUTS, 3), nn.Linear(3, 1))
    groups = [{"params": net[0].parameters(), "lr": 0.3}, {"params": net[1].parameters(), "lr": 0.1}]
    moved = finders._at(Trainer(net, loss="mse", optimizer=optim.SGD(groups)).updates, 6.0)
    assert {name: rule.lr for name, (_, rule) in moved.rules.items()} == pytest.approx(
        {"0.weight": 6.0, "0.bias": 6.0, "1.weight": 2.0, "1.bias": 2.0}
    )


def test_decay_that_is_independent_of_the_rate_stays_what_it_is() -> None:
    """Each rate is tried as one that a trainer was made with, not as one that a schedule moved to."""
    decay = optim.Penalties((optim.WeightDecay(0.5, independent=True),))
    trainer = Trainer(model(), loss="mse", penalties=[decay])
    for rate in (1e-6, 1.0):
        lost = [v for k, v in finders._at(trainer.updates, rate).scalars(0, 1).items() if k.endswith("lost")]
        assert lost == [0.5]


def test_all_rates_share_one_program_with_the_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    cache.clear()
    compiled: list[int] = []

    def noting(graph: Graph, rows: int, limit: None, level: int) -> Executable:
        compiled.append(rows)
        return compile_graph(graph, rows, level=level)

    monkeypatch.setattr(cache, "compile_graph", noting)
    trainer = Trainer(model(), loss="mse")
    trainer.find_lr((X, Y), batch_size=8)
    assert compiled == [8]
    trainer.fit((X, Y), batch_size=8, epochs=1)
    assert compiled == [8]


@pytest.mark.parametrize(
    "wrong", [{"lowest": 0.0}, {"lowest": 1.0, "highest": 0.5}, {"highest": np.inf}, {"steps": 19}, {"steps": 2.5}]
)
def test_ranges_that_make_no_sense_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError, match=r"lowest|steps"):
        Trainer(model(), loss="mse").find_lr((X, Y), **wrong)


# ---- micro-batches
def plain() -> Trainer:
    with seeded(1):
        return Trainer(nn.Sequential(nn.Linear(INPUTS, 64), nn.ReLU(), nn.Linear(64, 1)), loss="mse")


def test_the_largest_size_is_found_to_the_byte() -> None:
    trainer = plain()
    whole = trainer.find_micro_batch((X, Y), batch_size=48, memory=10**12)
    assert whole.micro_batch_size == 48 and len(whole.tried) == 1 and "no micro-batches" in whole.sentence
    limit = whole.tried[0].bytes
    assert trainer.find_micro_batch((X, Y), batch_size=48, memory=limit).micro_batch_size == 48
    part = trainer.find_micro_batch((X, Y), batch_size=48, memory=limit - 1)
    assert part.micro_batch_size == 32 and [t.rows for t in part.tried] == [48, 32]
    assert part.tried[0].bytes == limit and part.tried[0].refused == TOO_LARGE and not part.tried[1].refused
    assert "micro_batch_size=32" in part.sentence and "48 needs" in part.sentence
    smaller = trainer.find_micro_batch((X, Y), batch_size=48, memory=part.tried[1].bytes - 1)
    assert smaller.micro_batch_size == 16


def test_too_little_memory_for_one_row_is_refused_with_both_amounts() -> None:
    with pytest.raises(InputError, match=r"fits into 1 kB: even one row needs [\d.]+ kB"):
        plain().find_micro_batch((X, Y), batch_size=48, memory=1000)


def test_what_counts_is_the_programs_memory_and_the_state() -> None:
    trainer = plain()
    trainer.fit((X, Y), batch_size=16, epochs=1)
    programs = [p for p in cache._programs.values() if isinstance(p, Executable)]
    (program,) = [p for p in programs if p.program.max_rows == 16 and len(p.outputs) == 1][-1:]
    numbers = INPUTS * 64 + 64 + 64 + 1
    state = 3 * numbers * 4  # Adam: the parameters and two means of each, as float32
    memory = program.memory
    threads = get_num_threads()
    expected = memory.scratch_bytes + threads * memory.local_bytes + 3 * state
    assert trainer.find_micro_batch((X, Y), batch_size=16).tried[0].bytes == expected


def test_gradient_sums_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    counted: list[float] = []

    def noting(graph: Any, rows: int) -> int:
        counted.append(sum("sum.grad." in str(slot.op) for slot, _ in graph.updates))
        return bytes_of(graph, rows) if len(counted) > 1 else 10**15

    monkeypatch.setattr(finders, "bytes_of", noting)
    plain().find_micro_batch((X, Y), batch_size=16)
    assert counted == [0, 4]


def test_sizes_that_leave_a_part_of_one_row_are_passed_over_where_the_model_cannot_train_on_one() -> None:
    trainer = Trainer(model(), loss="mse")  # with batch norm
    data = (X[:49], Y[:49])  # 49 = 32 + 17, but 16 + 16 + 16 + 1
    whole = trainer.find_micro_batch(data, batch_size="full", memory=10**12)
    found = trainer.find_micro_batch(data, batch_size="full", memory=whole.tried[0].bytes - 1)
    assert found.micro_batch_size == 32
    with pytest.raises(InputError, match="leave a part of one row"):
        trainer.find_micro_batch(data, batch_size="full", memory=found.tried[-1].bytes - 1)


def test_by_default_half_of_the_free_memory_is_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finders, "free_memory", lambda: 10**9)
    assert plain().find_micro_batch((X, Y)).limit == 5 * 10**8


def test_free_memory_is_that_of_the_container_where_it_is_less(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert finders.free_memory() > 2**20
    (tmp_path / "memory.max").write_text("5000\n")
    (tmp_path / "memory.current").write_text("2000\n")
    assert finders._of_container(tmp_path) == 3000
    (tmp_path / "memory.max").write_text("max\n")
    assert finders._of_container(tmp_path) is None
    monkeypatch.setattr(finders, "_of_machine", lambda: None)
    monkeypatch.setattr(finders, "_of_container", lambda: None)
    with pytest.raises(InputError, match="pass memory="):
        finders.free_memory()


@pytest.mark.parametrize("memory", [0, -1, 1.5, True])
def test_limits_that_make_no_sense_are_refused(memory: Any) -> None:
    with pytest.raises(InputError, match="bytes"):
        plain().find_micro_batch((X, Y), memory=memory)
