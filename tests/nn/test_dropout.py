"""Dropout layers: PyTorch's values and shapes of masks, their distribution, and random streams of their own.

What PyTorch does to kept and to dropped values is read off its own outputs for constant inputs; masks are compared by
which elements are drawn together, and by z-scores under a fixed seed.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import sklon
from sklon import Trainer, nn
from sklon._base.dtypes import float32
from sklon._base.errors import InputError, ShapeError
from sklon.nn import dropout as layers
from sklon.nn import functional
from sklon.nn.description import build, describe
from sklon.nn.functional.dropout import unit_interval
from sklon.tensors.modes import seeded

torch = pytest.importorskip("torch")
RNG = np.random.default_rng(6)
Array = np.ndarray[Any, Any]

#: each layer with the shapes that it takes, and the axes along which a mask of that shape is the same
ROWS: dict[str, dict[tuple[int, ...], tuple[int, ...]]] = {
    "Dropout": {(): (), (50,): (), (7, 8): (), (5, 6, 7): ()},
    "Dropout1d": {(40, 6, 5): (2,), (60, 5): (1,)},
    "AlphaDropout": {(): (), (50,): (), (7, 8): (), (5, 6, 7): ()},
    "FeatureAlphaDropout": {(7, 8): (), (20, 6, 5): (2,), (20, 6, 3, 2): (2, 3)},
}
CASES = [(name, shape) for name, shapes in ROWS.items() for shape in shapes]
FUNCTIONS = {
    "Dropout": "dropout", "Dropout1d": "dropout1d", "AlphaDropout": "alpha_dropout",
    "FeatureAlphaDropout": "feature_alpha_dropout",
}  # fmt: skip
#: standard errors; a right sampler goes beyond it once in 16,000 fixed-seed checks
Z = 4.0


def test_every_layer_has_a_row_and_its_function() -> None:
    kinds = {n for n, c in inspect.getmembers(layers, inspect.isclass) if c.__module__ == layers.__name__}
    assert {n for n in kinds if not n.startswith("_")} == ROWS.keys() == FUNCTIONS.keys()
    for name, function in FUNCTIONS.items():
        ours, theirs = (getattr(f, function) for f in (functional, torch.nn.functional))
        defaults = [
            {k: v.default for k, v in inspect.signature(f).parameters.items() if k in ("p", "training")}
            for f in (ours, theirs)
        ]
        assert defaults[0] == defaults[1]
        assert getattr(nn, name).function is ours


# ---- values
def _factors(name: str, p: float) -> tuple[float, float, float]:
    """(a, b, d): PyTorch gives a·x + b where it keeps x, and d where it drops it."""
    layer, shape = getattr(torch.nn, name)(p), (200, 30, 1)
    ones, twos, zeros = (np.unique(layer(torch.full(shape, v, dtype=torch.float64)).numpy()) for v in (1.0, 2.0, 0.0))
    (dropped,) = [d for d in ones if np.isclose(twos, d, atol=1e-12).any()]
    (one,), (two,) = ([v for v in values if not np.isclose(v, dropped)] for values in (ones, twos))
    assert np.isclose(zeros, 2 * one - two, atol=1e-12).any()
    return two - one, 2 * one - two, dropped


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("p", [0.2, 0.5])
@pytest.mark.parametrize(("name", "shape"), CASES)
def test_values_and_gradients_are_pytorch_s_for_the_same_mask(
    name: str, shape: tuple[int, ...], p: float, dtype: str
) -> None:
    a, b, dropped = _factors(name, p)
    given = RNG.standard_normal(shape).astype(dtype) + 3
    x = sklon.tensor(given, requires_grad=True)
    with seeded(1):
        y = getattr(nn, name)(p)(x)
    assert y.shape == shape and y.dtype.name == dtype
    kept = ~np.isclose(y.numpy(), dropped, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(y.numpy(), np.where(kept, a * given + b, dropped), rtol=2e-6, atol=1e-6)
    seed = RNG.standard_normal(shape).astype(dtype)
    y.backward(sklon.tensor(seed))
    assert x.grad is not None
    np.testing.assert_allclose(x.grad.numpy(), np.where(kept, a * seed, 0), rtol=2e-6)


@pytest.mark.parametrize(("name", "shape"), CASES)
def test_nothing_and_everything_are_pytorch_s(name: str, shape: tuple[int, ...]) -> None:
    given = RNG.standard_normal(shape)
    x = sklon.tensor(given)
    for p, training in ((0.0, True), (0.5, False), (1.0, False), (1.0, True)):
        expected = getattr(torch.nn, name)(p).train(training)(torch.tensor(given))
        np.testing.assert_array_equal(getattr(nn, name)(p).train(training)(x).numpy(), expected.numpy())


@pytest.mark.parametrize("name", ROWS)
def test_no_rows_pass(name: str) -> None:
    assert getattr(nn, name)()(sklon.zeros(0, 3, 2)).shape == (0, 3, 2)


# ---- masks
def _dropped(layer: nn.Module, shape: tuple[int, ...]) -> Array:
    """Which ones are not as a kept one."""
    y: Array = layer(sklon.ones(*shape)).numpy()
    found: Array = y < y.max()
    return found


@pytest.mark.parametrize(("name", "shape"), [case for case in CASES if case[1]])
def test_what_is_dropped_together_is_pytorch_s(name: str, shape: tuple[int, ...]) -> None:
    sklon.manual_seed(0)
    torch.manual_seed(0)
    theirs = getattr(torch.nn, name)(0.5)(torch.ones(shape)).numpy()
    together = ROWS[name][shape]
    for mask in (_dropped(getattr(nn, name)(0.5), shape), theirs < theirs.max()):
        for axis in range(len(shape)):
            same = bool((mask == mask.take([0], axis)).all())
            assert same == (axis in together)


@pytest.mark.parametrize("p", [0.02, 0.5, 0.9])
@pytest.mark.parametrize("name", ROWS)
def test_the_dropped_are_a_share_p_and_independent(name: str, p: float) -> None:
    sklon.manual_seed(3)
    shape = (4000, 10, 1)  # one draw for each element, whatever the layer
    mask = _dropped(getattr(nn, name)(p), shape)[..., 0].astype(float)
    again = _dropped(getattr(nn, name)(p), shape)[..., 0].astype(float)
    assert abs(mask.mean() - p) * np.sqrt(mask.size / (p * (1 - p))) < Z
    for one, other in ((mask[1:], mask[:-1]), (mask[:, 1:], mask[:, :-1]), (mask, again)):
        products = (one - p) * (other - p)  # mean 0, variance (p(1 − p))²
        assert abs(products.mean()) * np.sqrt(products.size) / (p * (1 - p)) < Z
    for axis in (0, 1):  # no row and no column is preferred: χ² of their shares
        count, n = mask.shape[1 - axis], mask.shape[axis]
        chi = ((mask.mean(axis) - p) ** 2 * n / (p * (1 - p))).sum()
        assert abs(chi - count) / np.sqrt(2 * count) < Z + 2  # χ² of 10 has a long tail


def test_every_element_of_a_sample_has_bits_of_its_own() -> None:
    sklon.manual_seed(0)
    shape = (4, 3, 10, 20)
    drawn = unit_interval(shape, float32).numpy()
    assert len(np.unique(drawn)) > drawn.size - 5  # 2,400 of 2²⁴ values: 0.2 equal pairs are expected


@pytest.mark.parametrize("p", [0.05, 0.5, 0.8])
@pytest.mark.parametrize("name", ["AlphaDropout", "FeatureAlphaDropout"])
def test_alpha_dropout_keeps_mean_and_variance(name: str, p: float) -> None:
    sklon.manual_seed(2)
    x = np.random.default_rng(2).standard_normal((200_000, 1))
    y = getattr(nn, name)(p)(sklon.tensor(x)).numpy()
    assert abs(y.mean()) * np.sqrt(y.size) < Z
    fourth = ((y - y.mean()) ** 4).mean()
    assert abs(y.var() - 1) / np.sqrt((fourth - 1) / y.size) < Z


def test_a_deep_selu_network_stays_normal_with_alpha_dropout_and_not_with_dropout() -> None:
    def spread(drop: type[nn.Dropout] | type[nn.AlphaDropout]) -> float:
        sklon.manual_seed(0)
        x = sklon.randn(500, 200)
        for _ in range(12):
            linear = nn.Linear(200, 200, bias=False)
            nn.init.normal_(linear.weight, 0.0, 1 / np.sqrt(200))
            x = nn.SELU()(drop(0.1)(linear(x))).detach()
        return float(x.numpy().std())

    assert spread(nn.AlphaDropout) == pytest.approx(1, abs=0.1)
    assert abs(spread(nn.Dropout) - 1) > 0.1


# ---- streams
def test_a_stream_is_the_same_whatever_other_layers_draw() -> None:
    def mask(others: int) -> Array:
        sklon.manual_seed(5)
        for _ in range(others):
            nn.Dropout()(sklon.ones(3))
            nn.Dropout(stream=1)(sklon.ones(3))
        return np.stack([_dropped(nn.Dropout(stream=2), (8, 16)) for _ in range(2)])

    np.testing.assert_array_equal(mask(0), mask(3))
    assert (mask(0)[0] != mask(0)[1]).any()


def test_asking_for_a_stream_changes_nothing_for_other_layers() -> None:
    def mask(stream: int | None) -> Array:
        sklon.manual_seed(5)
        nn.Dropout(stream=stream)(sklon.ones(3))
        return _dropped(nn.Dropout(), (8, 16))

    np.testing.assert_array_equal(mask(None), mask(9))


def test_streams_are_independent() -> None:
    with seeded(0):
        signs = [2.0 * _dropped(nn.Dropout(stream=s), (200, 50)) - 1 for s in (0, 1, 2, 65535)] + [
            2.0 * _dropped(nn.Dropout(), (200, 50)) - 1
        ]
    for i, one in enumerate(signs):
        for other in signs[:i]:
            assert abs((one * other).mean()) * np.sqrt(one.size) < Z


class _Probe(nn.Module):
    """Multiplies rows of ones by what a layer gives them, and keeps the sums of the masks of the last batch."""

    def __init__(self, *drops: nn.Module, before: nn.Module | None = None) -> None:
        super().__init__()
        self.before = before or nn.Identity()
        self.drops = nn.ModuleList(drops)
        self.weight = nn.Parameter(sklon.zeros(1))
        for i in range(len(drops)):
            self.register_buffer(f"seen{i}", sklon.zeros(5, 4))

    def forward(self, x: sklon.Tensor) -> sklon.Tensor:
        ones = self.before(x) * 0 + 1
        for i, drop in enumerate(self.drops):
            if self.training:
                setattr(self, f"seen{i}", drop(ones).detach().sum(0))
        return x * self.weight

    def masks(self, seed: int, epochs: int = 1) -> list[Array]:
        X = np.ones((6, 5, 4), np.float32)
        Trainer(self, loss="mse", seed=seed).fit((X, X), epochs=epochs, batch_size="full", shuffle=False)
        return [self.state_dict()[f"seen{i}"] for i in range(len(self.drops))]


@pytest.mark.parametrize("name", ROWS)
def test_a_stream_is_the_same_in_the_step_and_outside(name: str) -> None:
    layer = getattr(nn, name)(0.5, stream=3)
    alone = _Probe(layer).masks(seed=7, epochs=3)[0]
    np.testing.assert_array_equal(_Probe(layer, before=nn.Dropout()).masks(seed=7, epochs=3)[0], alone)
    with seeded(7):
        outside = [layer(sklon.ones(6, 5, 4)).sum(0).numpy() for _ in range(3)]
    np.testing.assert_allclose(outside[2], alone, rtol=1e-5, atol=1e-5)
    assert (outside[1] != outside[2]).any()


def test_calls_and_layers_of_one_stream_draw_in_turn() -> None:
    shared = nn.Dropout(0.5, stream=3)
    twice = _Probe(shared, shared).masks(seed=7)
    assert (twice[0] != twice[1]).any()
    np.testing.assert_array_equal(twice, _Probe(nn.Dropout(0.5, stream=3), nn.Dropout(0.5, stream=3)).masks(seed=7))
    np.testing.assert_array_equal(_Probe(nn.Dropout(0.5, stream=4), shared).masks(seed=7)[1], twice[0])
    with seeded(7):
        outside = [shared(sklon.ones(6, 5, 4)).sum(0).numpy() for _ in range(2)]
    np.testing.assert_array_equal(outside[0], twice[0])
    assert (outside[0] != outside[1]).any()


def test_a_stream_in_the_step_changes_nothing_for_other_layers() -> None:
    numbered, asked = (_Probe(nn.Dropout(stream=s), nn.Dropout()).masks(seed=1) for s in (None, 8))
    np.testing.assert_array_equal(numbered[1], asked[1])
    assert (numbered[0] != asked[0]).any()


# ---- in the Trainer
def _net(layer: nn.Module) -> nn.Module:
    wide = nn.Linear(3, 24, dtype="float64")
    return nn.Sequential(
        wide, nn.SELU(), nn.Unflatten(1, (6, 4)), layer, nn.Flatten(), nn.Linear(24, 2, dtype="float64")
    )


@pytest.mark.parametrize("stream", [None, 5])
@pytest.mark.parametrize("micro", [4, 1])
@pytest.mark.parametrize("name", ROWS)
def test_masks_do_not_depend_on_micro_batches(name: str, micro: int, stream: int | None) -> None:
    X, y = np.random.default_rng(0).standard_normal((10, 3)), np.random.default_rng(1).standard_normal((10, 2))

    def trained(micro_batch_size: int | None) -> list[Array]:
        with seeded(3):
            model = _net(getattr(nn, name)(0.4, stream=stream))
        trainer = Trainer(model, loss="mse", optimizer="sgd", lr=0.05, seed=4)
        trainer.fit((X, y), epochs=3, batch_size=8, micro_batch_size=micro_batch_size)
        return [*model.state_dict().values(), np.array(trainer.history.curve("train_loss"))]

    for whole, parts in zip(trained(None), trained(micro), strict=True):
        np.testing.assert_allclose(parts, whole, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("name", ROWS)
def test_a_saved_run_keeps_the_stream_and_goes_on(name: str, tmp_path: Path) -> None:
    X, y = np.random.default_rng(0).standard_normal((10, 3)), np.random.default_rng(1).standard_normal((10, 2))

    def trainer() -> Trainer:
        with seeded(3):
            return Trainer(_net(getattr(nn, name)(0.4, stream=5)), loss="mse", seed=4)

    whole, first = trainer(), trainer()
    whole.fit((X, y), epochs=4, batch_size=4)
    first.fit((X, y), epochs=2, batch_size=4)
    again = Trainer.load(first.save(tmp_path / "run"))
    assert repr(again.model) == repr(whole.model) and again.model[3].stream == 5  # type: ignore[index]
    again.fit((X, y), epochs=2, batch_size=4)
    for key, value in whole.model.state_dict().items():
        np.testing.assert_array_equal(again.model.state_dict()[key], value)


# ---- as modules
@pytest.mark.parametrize("name", ROWS)
def test_reprs_state_and_descriptions(name: str) -> None:
    ours, theirs = getattr(nn, name)(0.3, True), getattr(torch.nn, name)(0.3)
    assert f"{repr(ours)[:-1]}, inplace=False)" == repr(theirs)  # inplace is accepted, and nothing here
    assert list(ours.state_dict()) == list(theirs.state_dict()) == []
    layer = getattr(nn, name)(0.3, stream=4)
    assert repr(layer) == f"{name}(p=0.3, stream=4)"
    found = build(json.loads(json.dumps(describe(layer))))
    assert repr(found) == repr(layer) and type(found) is type(layer)


def _in_a_step() -> None:
    X = np.ones((6, 4), np.float32)
    Trainer(nn.Sequential(nn.Dropout1d(), nn.Linear(4, 4)), loss="mse").fit((X, X), epochs=1)


REFUSALS: dict[str, tuple[Callable[[], object], type[Exception], str]] = {
    "probability": (lambda: nn.Dropout(1.1), InputError, "between 0 and 1, not 1.1"),
    "no number": (lambda: nn.AlphaDropout(float("nan")), InputError, "between 0 and 1"),
    "as a function": (lambda: functional.dropout1d(sklon.ones(2, 2, 2), -0.1), InputError, "between 0 and 1"),
    "negative stream": (lambda: nn.Dropout(stream=-1), InputError, "from 0 to 65535"),
    "large stream": (lambda: nn.Dropout1d(stream=65536), InputError, "or None, not 65536"),
    "text": (lambda: nn.Dropout(stream="a"), InputError, "whole number"),  # type: ignore[arg-type]
    "one axis": (lambda: nn.Dropout1d()(sklon.ones(3)), ShapeError, "use dropout for elements"),
    "four axes": (lambda: nn.Dropout1d()(sklon.ones(3, 2, 2, 2)), ShapeError, r"\[N, C, L\]"),
    "no channels": (lambda: nn.FeatureAlphaDropout()(sklon.ones(3)), ShapeError, "use alpha_dropout"),
    "samples": (_in_a_step, ShapeError, "whole samples would be dropped; use dropout"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals_say_what_is_needed(name: str) -> None:
    call, kind, words = REFUSALS[name]
    with pytest.raises(kind, match=words):
        call()
