"""Views of a moment against what says the same another way: the Trainer, PyTorch, closed forms, NumPy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

from sklon import Trainer
from sklon._base.errors import InputError
from sklon.compiler import cache, native
from sklon.lab.playground import (
    Moment,
    Session,
    accuracy,
    boundary,
    curvature,
    explanation,
    fitted,
    landscape,
    layers,
    losses,
    weights,
)
from sklon.lab.playground.landscape import flat, losses_at, principal
from sklon.lab.playground.layers import dead_share, histogram, saturated_share
from sklon.lab.playground.network import network_of

SMALL = {"points": 60, "width": 4, "depth": 1, "batch_size": "16"}


@contextmanager
def after(steps: int, **given: Any) -> Iterator[Moment]:
    with Session({**SMALL, **given}) as session:
        yield session.step(steps)


def trainer_of(moment: Moment) -> Trainer:
    """A Trainer with the values of a moment."""
    model = network_of(moment.first, moment.bench.data)
    values = {n.partition(".")[2]: v for n, v in moment.state.items() if n.startswith(("param.", "buffer."))}
    model.load_state_dict(values)
    return Trainer(model, loss=moment.bench.data.loss)


@pytest.mark.parametrize("given", [{}, {"batch_norm": "on", "dropout": 0.5}, {"data": "blobs"}], ids=str)
def test_a_boundary_shows_the_probabilities_of_the_network(given: dict[str, Any]) -> None:
    with after(10, **given) as moment:
        seen = boundary(moment, 16)
        across, up = np.meshgrid(np.linspace(*seen.x, 16), np.linspace(*seen.y, 16))
        raw = (
            trainer_of(moment).predict(np.stack([across.ravel(), up.ravel()], 1).astype(np.float32)).astype(np.float64)
        )
        powers = np.exp(np.hstack([np.zeros_like(raw), raw]) if raw.shape[1] == 1 else raw)
        expected = (powers / powers.sum(axis=1, keepdims=True))[:, -len(seen.planes) :]
        assert seen.planes.dtype == np.uint8 and (seen.low, seen.high) == (0.0, 1.0)
        shown = seen.planes.reshape(len(seen.planes), -1).T / 255
        np.testing.assert_allclose(shown, expected, atol=0.5 / 255 + 1e-6)
        assert boundary(moment).planes.shape[1:] == (64, 64)
        assert seen.planes.std() > 0


def test_a_fitted_curve_is_what_the_network_says() -> None:
    with after(10, data="curve") as moment:
        seen = fitted(moment, 50)
        np.testing.assert_array_equal(seen.y, trainer_of(moment).predict(seen.x[:, None])[:, 0])
        with pytest.raises(InputError, match="fitted curve"):
            boundary(moment)
    with after(1) as moment, pytest.raises(InputError, match="boundary"):
        fitted(moment)


def test_the_curves_are_thinned_and_keep_their_ends() -> None:
    with after(0) as moment:
        assert losses(moment).epochs.size == 0
    with after(60) as moment:
        every, few = losses(moment), losses(moment, 5)
        assert every.epochs.tolist() == list(range(1, 21))
        assert few.epochs[[0, -1]].tolist() == [1, 20] and len(few.epochs) == 5
        assert few.training.tolist() == every.training[few.epochs - 1].tolist()
        assert every.testing[-1] == trainer_of(moment).evaluate(*moment.bench.data.testing)


def test_accuracy_counts_the_test_points() -> None:
    with after(300) as moment:
        found = trainer_of(moment).predict(moment.bench.data.testing[0]) > 0
        assert accuracy(moment) == (found == (moment.bench.data.testing[1] > 0)).mean() > 0.7
    with after(1, data="curve") as moment:
        assert accuracy(moment) is None


def test_weights_are_those_of_the_layers() -> None:
    with after(3, depth=2) as moment:
        assert [w.weight.shape for w in weights(moment)] == [(4, 2), (4, 4), (1, 4)]
        assert [w.bias.shape for w in weights(moment)] == [(4,), (4,), (1,)]
        assert weights(moment)[0].weight is moment.state["param.0.weight"]


def test_gradients_and_activations_are_those_of_pytorch() -> None:
    torch = pytest.importorskip("torch")
    with after(5, depth=2, activation="tanh") as moment:
        seen = layers(moment)
        nets = [torch.nn.Linear(w.weight.shape[1], w.weight.shape[0]) for w in weights(moment)]
        for net, w in zip(nets, weights(moment), strict=True):
            net.weight.data, net.bias.data = torch.tensor(w.weight), torch.tensor(w.bias)
        x, y = (torch.tensor(part) for part in moment.bench.data.training)
        for i, net in enumerate(nets):
            x = net(x)
            if i < 2:
                x = torch.tanh(x)
                found = seen[i].activations
                assert found is not None
                counts, edges = np.histogram(x.detach().numpy(), found.counts.size)
                np.testing.assert_allclose(found.edges, edges, rtol=1e-4)
                assert np.abs(found.counts - counts).sum() <= 4
        torch.nn.functional.binary_cross_entropy_with_logits(x, y).backward()
        for net, layer in zip(nets, seen, strict=True):
            assert layer.gradient_norm == pytest.approx(net.weight.grad.norm().item(), rel=1e-4)
            assert layer.weight_norm == pytest.approx(net.weight.norm().item(), rel=1e-6)


def test_the_ratio_is_that_of_the_last_step() -> None:
    with after(4, optimizer="sgd", momentum=0.0, batch_size="full", learning_rate=0.1) as moment:
        (layer, _), now = layers(moment), moment.state["param.0.weight"].astype(np.float64)
        assert moment.earlier is not None
        step = np.linalg.norm(now - moment.earlier["param.0.weight"])
        assert layer.ratio == pytest.approx(step / np.linalg.norm(now))
        assert layers(moment)[1].activations is None
    with after(0) as moment:
        assert layers(moment)[0].ratio is None


def test_dead_and_saturated_units_are_found_where_there_are_some() -> None:
    output = np.array([[0.0, 0.0, 2.0], [0.0, 1.0, 3.0]])
    assert dead_share("relu", output) == pytest.approx(1 / 3) and dead_share("tanh", output) is None
    assert saturated_share("tanh", np.array([[0.99, 0.5], [-0.99, 0.0]])) == 0.5
    assert saturated_share("sigmoid", np.array([[0.001, 0.5]])) == 0.5 and saturated_share("relu", output) is None
    with after(40, activation="relu", optimizer="sgd", learning_rate=10.0, momentum=0.0) as moment:
        dead = layers(moment)[0].dead
        outputs = np.maximum(
            0, moment.bench.data.training[0] @ moment.state["param.0.weight"].T + moment.state["param.0.bias"]
        )
        assert dead == (outputs == 0).all(axis=0).mean()


@pytest.mark.parametrize("values", [[1.0, 1.0], [0.0], [np.nan, 1.0, np.inf], [np.nan], [1e30, -1e30]], ids=str)
def test_a_histogram_counts_everything(values: list[float]) -> None:
    seen = histogram(np.array(values))
    assert seen.counts.sum() + seen.outside == len(values) and (np.diff(seen.edges) > 0).all()


@pytest.mark.parametrize("given", [{}, {"batch_norm": "on"}, {"data": "blobs"}, {"data": "curve"}], ids=str)
def test_the_landscape_has_the_loss_of_now_at_its_centre(given: dict[str, Any]) -> None:
    with after(30, **given) as moment:
        seen = landscape(moment, 9)
        assert seen.z.shape == (9, 9) and seen.path[-1].tolist() == [0, 0] and seen.steps[-1] == 30
        assert 0.5 < sum(seen.explained) <= 1 + 1e-9
        labels = [f"param.{name}" for name, _ in moment.bench.model.named_parameters()]
        found = losses_at(moment, labels, np.stack([flat(moment.state, labels)] * 2))
        assert found.tolist() == [moment.bench.training_loss(moment.state)] * 2
    with after(0) as moment:
        assert np.isfinite(landscape(moment, 3).z).all()


def test_directions_are_the_principal_ones() -> None:
    moved = np.random.default_rng(0).standard_normal((30, 6)) * [9, 1, 5, 1, 1, 1]
    found, shares = principal(moved)
    values, vectors = np.linalg.eigh(moved.T @ moved)
    for one, share, k in zip(found, shares, (-1, -2), strict=True):
        assert abs(one @ vectors[:, k]) == pytest.approx(1.0)
        assert share == pytest.approx(values[k] / values.sum())
        assert (moved @ one).sum() <= 0
    for flat_path in (np.zeros((3, 4)), np.outer([1.0, 2.0, 0.0], [0.0, 1.0, 0.0, 0.0])):
        directions, _ = principal(flat_path)
        np.testing.assert_allclose(directions @ directions.T, np.eye(2), atol=1e-12)


LINEAR = {"data": "curve", "depth": 0, "optimizer": "sgd", "momentum": 0.0, "batch_size": "full"}


def largest(moment: Moment, l2: float = 0.0) -> float:
    """λmax of a linear model's mean squared error with L2: of 2/N·[X 1]ᵀ[X 1] + λ·diag(1, 0)."""
    X = moment.bench.data.training[0].astype(np.float64)
    A = np.hstack([X, np.ones_like(X)])
    return float(np.linalg.eigvalsh(2 / len(X) * A.T @ A + np.diag([l2, 0.0]))[-1])


def test_the_curvature_of_a_linear_model_is_known() -> None:
    with after(3, **LINEAR) as moment:
        for l2 in (0.0, 3.0):
            assert curvature(moment, moment.state, l2) == pytest.approx(largest(moment, l2), rel=1e-3)


@pytest.mark.parametrize("momentum", [0.0, 0.5])
@pytest.mark.parametrize("l2", [0.0, 0.9])
def test_a_linear_model_diverges_beyond_the_bound_and_not_below(momentum: float, l2: float) -> None:
    with after(0, **LINEAR) as moment:
        bound = 2 * (1 + momentum) / largest(moment, l2)
    settings = {**LINEAR, "momentum": momentum, "l2": l2}
    with after(3000, **settings, learning_rate=1.2 * bound) as moment:
        found = explanation(moment)
        assert moment.ended is not None and moment.ended.reason == "diverged"
        assert found is not None and found.curvature == pytest.approx(largest(moment, l2), rel=1e-3)
        assert found.rate is not None and found.curvature is not None
        assert found.bound == 2 * (1 + momentum) < found.rate * found.curvature
        assert "η·λmax" in found.says.en and "η·λmax" in found.says.ru
    with after(1000, **settings, learning_rate=0.8 * bound) as moment:
        assert explanation(moment) is None and moment.ended is None


def test_where_theory_knows_no_bound_only_the_loss_is_said() -> None:
    with after(3000, **{**LINEAR, "batch_size": "16"}, learning_rate=10.0) as moment:
        found = explanation(moment)
        assert found is not None and found.bound is None and "finite" in found.says.en


def test_every_program_that_is_waited_for_is_made_quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    made, load = list[int](), cache.load_or_compile

    def watched(graph: Any, max_rows: int, limit: Any = None, level: int = native.POLISHED) -> Any:
        made.append(level)
        return load(graph, max_rows, limit, level)

    monkeypatch.setattr(cache, "load_or_compile", watched)
    cache.clear()
    for query in ("width=13&depth=2&points=60", "data=curve&width=13&points=60"):
        with Session(query) as session:
            moment = session.step(12)
        for view in (boundary, fitted, losses, layers, weights, landscape, accuracy, explanation):
            if view is not (fitted if "curve" not in query else boundary):
                view(moment)
        moment.bench.training_loss(moment.state)
        moment.bench.testing_loss(moment.state)
    assert len(made) >= 8 and set(made) == {native.QUICK}
