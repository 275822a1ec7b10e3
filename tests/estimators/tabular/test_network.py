"""The network for tables against its equations in NumPy, and which of its parameters decay."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from sklon import manual_seed, nn, no_grad, tensor
from sklon.estimators.tabular.network import Architecture, TableNet
from sklon.estimators.tabular.regimen import FEWEST_EPOCHS, MOST_EPOCHS, Regimen
from sklon.optim.penalties import PenalizedRule, WeightDecay

Array = np.ndarray[Any, Any]
EDGES = ((-1.0, 0.0, 0.5, 2.0), (0.0, 1.0))
WHOLE = Architecture(
    features=3, bends=EDGES, embeddings=((5, 2),), hidden=(6, 4), dropout=0.1, outputs=2, d_embedding=3
)
ARCHITECTURES = {
    "all kinds of columns": WHOLE,
    "numbers alone": Architecture(features=2, bends=EDGES, embeddings=(), hidden=(4,), dropout=0, outputs=1),
    "nothing bent": Architecture(features=3, bends=(), embeddings=(), hidden=(4,), dropout=0, outputs=1),
    "members": Architecture.from_json(WHOLE.to_json() | {"members": 3}),
    "batch norm": Architecture.from_json(WHOLE.to_json() | {"batch_norm": True}),
}
RANDOM = np.random.default_rng(0)
X = np.stack([RANDOM.uniform(-1, 2, 7), RANDOM.uniform(0, 1, 7), RANDOM.normal(size=7)], axis=1).astype("f4")
CODES = RANDOM.integers(0, 5, 7).astype("i4")


def _network(architecture: Architecture) -> TableNet:
    """A network whose parameters are all moved from where they start, in evaluation mode."""
    manual_seed(0)
    network = TableNet(architecture)
    for parameter in network.parameters():
        parameter.assign(parameter.numpy() + 0.3 * np.asarray(RANDOM.normal(size=parameter.numpy().shape), "f4"))
    network.eval()
    return network


def _bent(x: Array, edges: tuple[float, ...], slopes: Array, line: Array, shift: Array) -> Array:
    """x·l + b + Σ_t w_t·(share of bin t that lies below x), [rows, d]."""
    low, high = np.array(edges[:-1]), np.array(edges[1:])
    shares = np.clip((x[:, None] - low) / (high - low), 0, 1)
    return np.asarray(x[:, None] * line + shift + shares @ slopes[: len(low)])


def _mish(x: Array) -> Array:
    return np.asarray(x * np.tanh(np.logaddexp(0, x)))


def _by_hand(a: Architecture, weights: dict[str, Array]) -> Array:
    """Outputs of one network by the equations, [rows, outputs]."""
    parts = [
        _bent(X[:, f], edges, weights["numbers.weight"][f], *(weights[f"numbers.linear0.{n}"][f] for n in names))
        for names in [("weight", "bias")]
        for f, edges in enumerate(a.bends)
    ]
    h = np.concatenate([*parts, X[:, len(a.bends) : a.features]], axis=1)
    if a.embeddings:
        h = np.concatenate([h, weights["embedding_0.weight"][CODES]], axis=1)
    *hidden, head = sorted(n.removesuffix(".weight") for n in weights if n.startswith("layers") and "weight" in n)
    for layer in hidden:
        h = _mish(h @ weights[f"{layer}.weight"].T + weights[f"{layer}.bias"])
    return np.asarray(h @ weights[f"{head}.weight"].T + weights[f"{head}.bias"])


@pytest.mark.parametrize("name", ["all kinds of columns", "numbers alone", "nothing bent"])
def test_outputs_are_those_of_the_equations(name: str) -> None:
    a = ARCHITECTURES[name]
    network = _network(a)
    weights = {n: np.asarray(w, np.float64) for n, w in network.state_dict().items()}
    with no_grad():
        outputs = network(tensor(X[:, : a.features]), *([tensor(CODES)] if a.embeddings else [])).numpy()
    np.testing.assert_allclose(outputs, _by_hand(a, weights), rtol=2e-5, atol=2e-5)


def test_each_member_is_a_network_with_scales_of_its_own() -> None:
    a = ARCHITECTURES["members"]
    network = _network(a)
    with no_grad():
        outputs = network(tensor(X), tensor(CODES)).numpy()
    assert outputs.shape == (7, 3, 2)
    weights = {n: np.asarray(w, np.float64) for n, w in network.state_dict().items()}
    layers = [n for n, layer in network.layers.named_modules() if isinstance(layer, nn.LinearBatchEnsemble)]
    for k in range(3):
        own = {n: w for n, w in weights.items() if not n.startswith("layers")}
        for n in layers:
            r, s, bias = (weights[f"layers.{n}.{part}"][k] for part in ("r", "s", "bias"))
            own[f"layers.{n}.weight"] = s[:, None] * weights[f"layers.{n}.weight"] * r
            own[f"layers.{n}.bias"] = bias
        head = str(len(network.layers) - 1)
        own[f"layers.{head}.weight"] = weights[f"layers.{head}.weight"][k].T
        own[f"layers.{head}.bias"] = weights[f"layers.{head}.bias"][k]
        np.testing.assert_allclose(outputs[:, k], _by_hand(a, own), rtol=5e-5, atol=5e-5)


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_an_architecture_survives_json(name: str) -> None:
    a = ARCHITECTURES[name]
    assert Architecture.from_json(json.loads(json.dumps(a.to_json()))) == a


def test_an_unknown_category_starts_by_adding_nothing() -> None:
    assert not TableNet(WHOLE).state_dict()["embedding_0.weight"][0].any()


# ---- the regimen
@pytest.mark.parametrize("name", ARCHITECTURES)
def test_matrices_slopes_of_bins_and_embeddings_decay_and_nothing_else(name: str) -> None:
    rules = Regimen().trainer(TableNet(ARCHITECTURES[name]), "mse", 1000, seed=0).rules
    decaying = {n for n, (_, rule) in rules.items() if isinstance(rule, PenalizedRule)}
    named = {n for n, p in TableNet(ARCHITECTURES[name]).named_parameters() if n.endswith("weight") and p.ndim > 1}
    assert decaying == named - {"numbers.linear0.weight"}


@pytest.mark.parametrize(("rows", "times"), [(1_000, 5.0), (10_000, 3.0), (100_000, 1.0)])
def test_slopes_of_bins_decay_faster_where_rows_are_few(rows: int, times: float) -> None:
    rules = Regimen(weight_decay=0.1).trainer(TableNet(WHOLE), "mse", rows, seed=0).rules
    paid = {n: rule.penalties for n, (_, rule) in rules.items() if isinstance(rule, PenalizedRule)}
    (faster,) = paid.pop("numbers.weight")
    assert isinstance(faster, WeightDecay) and faster.strength == pytest.approx(0.1 * times)
    assert paid and set(paid.values()) == {(WeightDecay(0.1),)}


def test_without_decay_nothing_decays() -> None:
    rules = Regimen(weight_decay=0).trainer(TableNet(WHOLE), "mse", 1000, seed=0).rules
    assert not any(isinstance(rule, PenalizedRule) for _, rule in rules.values())


def test_steps_shrink_with_the_root_of_the_batch_and_epochs_grow_with_fewer_rows() -> None:
    regimen = Regimen(lr=0.004)
    lrs = {rows: regimen.trainer(TableNet(WHOLE), "mse", rows, 0).rules["layers.0.bias"][1].lr for rows in (9000, 1100)}
    assert lrs == {9000: 0.004, 1100: pytest.approx(0.002)}
    epochs = [regimen.epochs_for(rows) for rows in (100, 10_000, 10**6)]
    assert epochs == sorted(epochs, reverse=True) and (epochs[0], epochs[-1]) == (MOST_EPOCHS, FEWEST_EPOCHS)
    assert Regimen(epochs=7).epochs_for(100) == 7 and Regimen(patience=0.5).stopping(40) == "patience(20)"
