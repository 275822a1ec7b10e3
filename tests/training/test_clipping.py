"""Clipping takes PyTorch's steps, once for a batch; batches that are not finite stop a fit or change nothing."""

from __future__ import annotations

from math import inf
from typing import Any

import numpy as np
import pytest

import sklon
from sklon import Trainer, nn, optim
from sklon._base.errors import InputError
from sklon.optim import ClipAdaptive, ClipLayerNorm, ClipNorm, ClipValue
from sklon.optim.clipping import CLIPS
from sklon.tensors.modes import seeded

ROWS, INPUTS = 20, 5
RNG = np.random.default_rng(2)
X = RNG.standard_normal((ROWS, INPUTS)) * 3
Y = RNG.standard_normal((ROWS, 2)) * 10


def network() -> Any:
    with seeded(3):
        return nn.Sequential(nn.Linear(INPUTS, 8, dtype="float64"), nn.Tanh(), nn.Linear(8, 2, dtype="float64"))


def fitted(clip: Any, micro: int | None = None) -> dict[str, Any]:
    """The values after three steps of momentum on all rows."""
    model = network()
    rule = optim.SGDRule(lr=0.1, momentum=0.9)
    trainer = Trainer(model, loss="mse", optimizer=rule, clip=clip)
    trainer.fit((X, Y), epochs=3, batch_size="full", micro_batch_size=micro, shuffle=False)
    return {name: p.detach().numpy() for name, p in model.named_parameters()}


def torch_fitted(clip: Any) -> dict[str, Any]:
    """The same by PyTorch, whose ``clip`` changes .grad of a model."""
    torch = pytest.importorskip("torch")
    model = torch.nn.Sequential(torch.nn.Linear(INPUTS, 8), torch.nn.Tanh(), torch.nn.Linear(8, 2)).double()
    model.load_state_dict({k: torch.tensor(v) for k, v in network().state_dict().items()})
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    x, y = torch.tensor(X), torch.tensor(Y)
    for _ in range(3):
        optimizer.zero_grad()
        torch.nn.functional.mse_loss(model(x), y).backward()
        clip(torch, list(model.parameters()))
        optimizer.step()
    return {name: p.detach().numpy() for name, p in model.named_parameters()}


def unit_norms(t: Any) -> Any:
    """The norm of each unit, kept as axes of one; without units, of each element."""
    return t.norm(dim=tuple(range(1, t.ndim)), keepdim=True) if t.ndim > 1 else t.abs()


def adaptive(torch: Any, params: Any) -> None:
    """Brock et al., 2021, equation 3, by units."""
    for p in params:
        allowed = 0.05 * unit_norms(p.detach()).clamp(min=1e-3)
        size = unit_norms(p.grad)
        p.grad = torch.where(size > allowed, p.grad * (allowed / size.clamp(min=1e-6)), p.grad)


#: ours, and what PyTorch does
PAIRS: list[tuple[Any, Any]] = [
    (ClipValue(0.3), lambda t, ps: t.nn.utils.clip_grad_value_(ps, 0.3)),
    (ClipNorm(0.5), lambda t, ps: t.nn.utils.clip_grad_norm_(ps, 0.5)),
    (ClipNorm(1e6), lambda t, ps: t.nn.utils.clip_grad_norm_(ps, 1e6)),
    (ClipNorm(0.5, 1.0), lambda t, ps: t.nn.utils.clip_grad_norm_(ps, 0.5, norm_type=1)),
    (ClipNorm(0.5, inf), lambda t, ps: t.nn.utils.clip_grad_norm_(ps, 0.5, norm_type=inf)),
    (ClipLayerNorm(0.2), lambda t, ps: [t.nn.utils.clip_grad_norm_([p], 0.2) for p in ps]),
    (ClipAdaptive(0.05), adaptive),
]


@pytest.mark.parametrize(("clip", "peer"), PAIRS, ids=lambda v: str(v) if hasattr(v, "name") else "")
def test_clipping_takes_pytorchs_steps(clip: Any, peer: Any) -> None:
    ours, theirs = fitted(clip), torch_fitted(peer)
    for name, value in theirs.items():
        np.testing.assert_allclose(ours[name], value, rtol=1e-10, atol=1e-12)


def test_every_clip_has_a_row() -> None:
    assert {type(clip) for clip, _ in PAIRS} == set(CLIPS.values())


@pytest.mark.parametrize("clip", [c for c, _ in PAIRS], ids=str)
def test_a_batch_in_parts_is_clipped_once(clip: Any) -> None:
    whole, parts = fitted(clip), fitted(clip, micro=7)
    for name, value in whole.items():
        np.testing.assert_allclose(parts[name], value, rtol=1e-10)
    assert any((fitted(None)[name] != value).any() for name, value in whole.items()) or clip == ClipNorm(1e6)


@pytest.mark.parametrize("norm_type", [1.0, 2.0, inf])
def test_the_eager_functions_are_pytorchs(norm_type: float) -> None:
    torch = pytest.importorskip("torch")
    values = [RNG.standard_normal((3, 2)), RNG.standard_normal(4)]
    ours = [sklon.tensor(v, requires_grad=True) for v in values]
    theirs = [torch.tensor(v, requires_grad=True) for v in values]
    for tensors in (ours, theirs):
        sum((t**3).sum() for t in tensors).backward()  # type: ignore[union-attr]
    norm = optim.clip_grad_norm_(ours, 0.7, norm_type)
    assert norm.item() == pytest.approx(torch.nn.utils.clip_grad_norm_(theirs, 0.7, norm_type).item(), rel=1e-12)
    optim.clip_grad_value_(ours, 0.2)
    torch.nn.utils.clip_grad_value_(theirs, 0.2)
    for one, other in zip(ours, theirs, strict=True):
        assert one.grad is not None
        np.testing.assert_allclose(one.grad.numpy(), other.grad.numpy(), rtol=1e-12)
    assert optim.clip_grad_norm_([sklon.tensor([1.0], requires_grad=True)], 1.0).item() == 0.0
    bad = sklon.tensor([1.0], requires_grad=True)
    (bad * inf).sum().backward()
    with pytest.raises(InputError, match="inf"):
        optim.clip_grad_norm_(bad, 1.0, error_if_nonfinite=True)


# ---- batches that are not finite
BAD = Y.copy()
BAD[11, 1] = 1e200  # its square is infinite


@pytest.mark.parametrize("micro", [None, 3])
def test_a_skipped_batch_changes_nothing(micro: int | None) -> None:
    def values(y: Any, rows: Any, epochs: int = 2) -> tuple[dict[str, Any], Any]:
        model = nn.Sequential(nn.BatchNorm1d(INPUTS, dtype="float64"), *network())
        trainer = Trainer(model, loss="mse", optimizer=optim.RMSpropRule(lr=0.01), on_non_finite="skip")
        trainer.fit((X[rows], y[rows]), epochs=epochs, batch_size=5, micro_batch_size=micro, shuffle=False)
        return {k: np.asarray(v) for k, v in model.state_dict().items()}, trainer.history

    without = np.r_[0:10, 15:20]  # batch 2 of 4 holds the bad row; a rule that does not count steps sees no gap
    good, clean = values(Y, without)
    kept, history = values(BAD, np.arange(ROWS))
    assert history.curve("skipped") == [1, 2] and clean.curve("skipped") == [0, 0]
    if micro is None:
        for name, value in good.items():
            np.testing.assert_array_equal(kept[name], value, err_msg=name)
        np.testing.assert_allclose(history.curve("train_loss"), clean.curve("train_loss"), rtol=1e-14)
        assert kept["0.num_batches_tracked"] == good["0.num_batches_tracked"] == 6
    assert all(np.isfinite(v).all() for v in kept.values())


def test_in_parts_batch_norm_has_moved_when_a_batch_is_known_to_be_lost() -> None:
    """The bad row is in the second part of three: the first one's statistics stand, as the Trainer says."""
    norm = nn.BatchNorm1d(INPUTS, on_single_value="running", dtype="float64")
    trainer = Trainer(nn.Sequential(norm, *network()), loss="mse", on_non_finite="skip")
    rows = [12, 13, 11, 14, 10]
    trainer.fit((X[rows], BAD[rows]), epochs=1, batch_size=5, micro_batch_size=2, shuffle=False)
    assert trainer.history[-1]["skipped"] == 1
    assert norm.num_batches_tracked is not None and norm.num_batches_tracked.item() == 1


def test_without_skipping_the_fit_stops() -> None:
    trainer = Trainer(network(), loss="mse")
    trainer.fit((X, BAD), epochs=3, batch_size=5)
    assert trainer.stopped is not None and trainer.stopped.reason == "non_finite"


@pytest.mark.parametrize(
    "wrong",
    [lambda: ClipNorm(0.0), lambda: ClipNorm(1.0, 3.0), lambda: ClipValue(-1.0), lambda: ClipAdaptive(eps=0.0),
     lambda: Trainer(nn.Linear(1, 1), loss="mse", on_non_finite="hope")],
)  # fmt: skip
def test_what_makes_no_sense_is_refused(wrong: Any) -> None:
    with pytest.raises(InputError):
        wrong()
