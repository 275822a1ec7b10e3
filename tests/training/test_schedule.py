"""A schedule in the Trainer takes PyTorch's steps, in one program, and goes on after an interruption."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from sklon import Trainer, nn, optim
from sklon._base.errors import InputError
from sklon.optim.schedules import Constant, CosineAnnealing, Exponential, Lambda, OneCycle, Plateau, Step, Warmup
from sklon.tensors.modes import seeded
from tests.training.test_checkpoints import FIT, X, Y, everything, interrupted, trainer

torch = pytest.importorskip("torch")
ROWS, INPUTS, BATCH, EPOCHS = 40, 3, 10, 5
RNG = np.random.default_rng(8)
A, B = RNG.standard_normal((ROWS, INPUTS)), RNG.standard_normal((ROWS, 1))
STEPS = EPOCHS * ROWS // BATCH


def network() -> Any:
    with seeded(3):
        return nn.Sequential(nn.Linear(INPUTS, 5, dtype="float64"), nn.Tanh(), nn.Linear(5, 1, dtype="float64"))


def fitted(rule: Any, schedule: Any, **more: Any) -> tuple[list[Any], Trainer]:
    model = network()
    done = Trainer(model, loss="mse", optimizer=rule, schedule=schedule)
    done.fit((A, B), epochs=EPOCHS, batch_size=BATCH, shuffle=False, **more)
    return [p.detach().numpy() for p in model.parameters()], done


def torch_fitted(make: Any, schedule: Any, each_epoch: bool = False) -> list[Any]:
    model = torch.nn.Sequential(torch.nn.Linear(INPUTS, 5), torch.nn.Tanh(), torch.nn.Linear(5, 1)).double()
    model.load_state_dict({k: torch.tensor(v) for k, v in network().state_dict().items()})
    optimizer = make(model.parameters())
    moving = schedule(optimizer)
    x, y = torch.tensor(A), torch.tensor(B)
    for _ in range(EPOCHS):
        losses = []
        for i in range(0, ROWS, BATCH):
            optimizer.zero_grad()
            loss = torch.nn.functional.mse_loss(model(x[i : i + BATCH]), y[i : i + BATCH])
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            if not each_epoch:
                moving.step()
        if each_epoch:
            moving.step(np.mean(losses))
    return [p.detach().numpy() for p in model.parameters()]


S = torch.optim.lr_scheduler
#: our rule and schedule, PyTorch's optimizer and scheduler
PAIRS: dict[str, tuple[Any, Any, Any, Any]] = {
    "step": (optim.SGDRule(lr=0.1), Step(4, 0.5), lambda p: torch.optim.SGD(p, 0.1), lambda o: S.StepLR(o, 4, 0.5)),
    "cosine": (
        optim.AdamRule(lr=0.05), CosineAnnealing(), lambda p: torch.optim.Adam(p, 0.05),
        lambda o: S.CosineAnnealingLR(o, STEPS),
    ),
    "one cycle moves beta": (
        optim.AdamRule(lr=0.01), OneCycle(0.1, total_steps=STEPS + 1), lambda p: torch.optim.Adam(p, 0.01),
        lambda o: S.OneCycleLR(o, 0.1, total_steps=STEPS + 1),
    ),
    "chained": (
        optim.RMSpropRule(lr=0.02), Constant(0.5, 6) * Exponential(0.9), lambda p: torch.optim.RMSprop(p, 0.02),
        lambda o: S.ChainedScheduler([S.ConstantLR(o, 0.5, 6), S.ExponentialLR(o, 0.9)]),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("micro", [None, 4])
def test_a_schedule_takes_pytorchs_steps(name: str, micro: int | None) -> None:
    rule, schedule, make, peer = PAIRS[name]
    ours, _ = fitted(rule, schedule, micro_batch_size=micro)
    for one, other in zip(ours, torch_fitted(make, peer), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-11)


def test_a_plateau_reads_the_curve() -> None:
    """The training loss, as nothing is held out."""
    ours, done = fitted(optim.SGDRule(lr=0.3), Plateau(factor=0.3, patience=0, threshold=0.05))
    peer = lambda o: S.ReduceLROnPlateau(o, factor=0.3, patience=0, threshold=0.05)  # noqa: E731
    for one, other in zip(ours, torch_fitted(lambda p: torch.optim.SGD(p, 0.3), peer, each_epoch=True), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-11)
    lrs = done.history.curve("lr")
    assert lrs[0] == 0.3 and lrs[-1] < 0.3


def test_text_and_value_are_the_same_and_the_rate_is_recorded() -> None:
    one, done = fitted("adam", "warmup(5) >> cosine")
    other, _ = fitted("adam", Warmup(5) >> CosineAnnealing())
    assert all((a == b).all() for a, b in zip(one, other, strict=True))
    lrs = done.history.curve("lr")
    assert len(lrs) == EPOCHS and lrs[-1] < lrs[1]
    assert "lr" not in fitted("adam", None)[1].history[-1]


def test_decay_independent_of_the_rate_follows_the_schedule() -> None:
    """With no gradient, w loses λ·η/η₀ of itself in every step."""
    with seeded(1):
        model = nn.Linear(INPUTS, 1, bias=False, dtype="float64")
    before = model.weight.detach().numpy().copy()
    paid = optim.Penalties((optim.WeightDecay(0.1, independent=True),))
    done = Trainer(
        model,
        loss=lambda o, t: (o * 0.0).reshape(-1),
        optimizer=optim.SGDRule(lr=0.02),
        schedule=Exponential(0.5),
        penalties=[paid],
    )
    done.fit((A, B), epochs=1, batch_size=BATCH)
    kept = np.prod([1 - 0.1 * 0.5**t for t in range(4)])
    np.testing.assert_allclose(model.weight.detach().numpy(), before * kept, rtol=1e-12)


@pytest.mark.parametrize("schedule", ["warmup(0.2) >> cosine", "one_cycle(0.05)", "plateau(0)", "step(7)"])
def test_a_scheduled_fit_goes_on_to_the_same_bytes(schedule: str, tmp_path: Path) -> None:
    whole = trainer(schedule=schedule)
    whole.fit((X, Y), **FIT)
    assert everything(interrupted(tmp_path / "run", 4, 3, schedule=schedule)) == everything(whole)


def test_another_length_of_a_schedule_is_refused(tmp_path: Path) -> None:
    trainer(schedule="cosine").fit((X, Y), **FIT, checkpoints=tmp_path / "run")
    with pytest.raises(InputError, match="steps of the schedule"):
        trainer(schedule="cosine").fit((X, Y), **{**FIT, "epochs": 9}, checkpoints=tmp_path / "run", resume=True)


def test_a_schedule_is_saved_and_a_function_is_refused(tmp_path: Path) -> None:
    import sklon

    done = trainer(schedule="warmup(3) >> cosine(9)", average=optim.EMA(0.9), clip=optim.ClipNorm(1.0))
    done.fit((X, Y), **FIT)
    done.save(tmp_path / "run")
    again = sklon.load(tmp_path / "run")
    assert str(again.updates.schedule) == "warmup(3) >> cosine(9)"
    assert again.average == optim.EMA(0.9) and again.options.clip == optim.ClipNorm(1.0)
    with pytest.raises(InputError, match="Python function"):
        trainer(schedule=Lambda(lambda t: 0.9**t)).save(tmp_path / "other")
