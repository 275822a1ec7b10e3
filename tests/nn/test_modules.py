"""Registration, buffers, state, hooks, containers and initial values: PyTorch's rules."""

from __future__ import annotations

import copy
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest

import sklon
from sklon import nn
from sklon._base.errors import InputError, ShapeError

torch = pytest.importorskip("torch")


def _net(library: Any) -> Any:
    """The same model under both libraries."""

    class Block(library.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.norm = library.BatchNorm1d(3)
            self.layers = library.ModuleList([library.Linear(3, 3), library.ReLU()])
            self.heads = library.ModuleDict({"a": library.Linear(3, 1), "b": library.Bilinear(3, 3, 1)})
            self.scale = library.Parameter((sklon if library is nn else torch).ones(1))

    class Net(library.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.body = library.Sequential(Block(), library.PReLU())
            self.last = library.LayerNorm(3)
            self.again = self.last

    return Net()


def test_names_and_their_order_are_pytorch_s() -> None:
    ours, theirs = _net(nn), _net(torch.nn)
    for names in ("named_parameters", "named_buffers", "named_modules", "named_children"):
        assert [n for n, _ in getattr(ours, names)()] == [n for n, _ in getattr(theirs, names)()]
    assert list(ours.state_dict()) == list(theirs.state_dict())
    seen: list[list[str]] = [[], []]
    for net, found in zip((ours, theirs), seen, strict=True):
        net.apply(lambda m, found=found: found.append(type(m).__name__))
    assert seen[0] == seen[1]


def test_states_move_both_ways_with_buffers() -> None:
    ours, theirs = _net(nn), _net(torch.nn)
    theirs.body[0].norm(torch.randn(5, 3))
    ours.load_state_dict(theirs.state_dict())
    for name, value in theirs.state_dict().items():
        np.testing.assert_array_equal(ours.state_dict()[name], value.numpy())
    theirs.load_state_dict({k: torch.tensor(v) for k, v in ours.state_dict().items()})


@pytest.mark.parametrize("kind", ["float64", "float16", "bfloat16"])
def test_states_of_any_type_and_from_safetensors_are_taken(kind: str) -> None:
    from safetensors import numpy
    from safetensors import torch as tensors

    ours, theirs = _net(nn), _net(torch.nn)
    state = {k: v.to(getattr(torch, kind)) if v.is_floating_point() else v for k, v in theirs.state_dict().items()}
    unshared = {k: v.clone() for k, v in state.items()}
    for given in (state, tensors.load(tensors.save(unshared))):
        ours.load_state_dict(given)
        for name, value in state.items():
            np.testing.assert_array_equal(ours.state_dict()[name], value.to(torch.float32).numpy())
    if kind != "bfloat16":
        ours.load_state_dict(numpy.load(tensors.save(unshared)))
    state["body.1.weight"].requires_grad_()
    ours.load_state_dict(state)


def test_a_loose_load_returns_what_is_missing_and_what_is_unexpected() -> None:
    ours, theirs = nn.Linear(2, 2), torch.nn.Linear(2, 2)
    given = {"weight": np.ones((2, 2), np.float32), "other": np.ones(1, np.float32)}
    keys = ours.load_state_dict(given, strict=False)
    expected = theirs.load_state_dict({k: torch.tensor(v) for k, v in given.items()}, strict=False)
    assert tuple(keys) == (expected.missing_keys, expected.unexpected_keys) == (["bias"], ["other"])
    np.testing.assert_array_equal(ours.weight.numpy(), 1)
    with pytest.raises(ShapeError, match="weight has the shape"):
        ours.load_state_dict({"weight": np.ones((3, 2))}, strict=False)


def test_buffers_are_state_that_nobody_trains() -> None:
    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("kept", sklon.ones(2))
            self.register_buffer("lost", sklon.ones(2), persistent=False)
            self.register_buffer("empty", None)

    net = Net()
    assert list(net.state_dict()) == ["kept"] and list(net.parameters()) == []
    assert [n for n, _ in net.named_buffers()] == ["kept", "lost"]
    net.kept = net.kept * 3
    assert net.state_dict()["kept"].tolist() == [3, 3]
    del net.kept
    assert [n for n, _ in net.named_buffers()] == ["lost"] and not hasattr(net, "kept")


def test_assignment_replaces_and_none_takes_out() -> None:
    layer = nn.Linear(2, 2)
    layer.bias = None
    assert [n for n, _ in layer.named_parameters()] == ["weight"] and layer(sklon.ones(1, 2)).shape == (1, 2)
    with pytest.raises(InputError, match="is a parameter"):
        layer.weight = sklon.ones(2, 2)  # type: ignore[assignment]
    layer.weight = nn.Linear(2, 2)  # type: ignore[assignment]
    assert [n for n, _ in layer.named_parameters()] == ["weight.weight", "weight.bias"]


def test_a_half_finished_module_says_what_is_missing() -> None:
    class Forgets(nn.Module):
        def __init__(self) -> None:
            self.width = 3

    for use in (
        lambda: Forgets()(1),
        lambda: Forgets().state_dict(),
        lambda: Forgets().eval(),
        lambda: repr(Forgets()),
    ):
        with pytest.raises(InputError, match=r"call super\(\).__init__\(\)"):
            use()
    with pytest.raises(AttributeError, match="has no attribute 'depth'"):
        _ = nn.ReLU().depth


def test_hooks_see_and_replace_and_go_again() -> None:
    layer, seen = nn.Linear(2, 1), []
    before = layer.register_forward_pre_hook(lambda m, inputs: (inputs[0] * 0,))
    after = layer.register_forward_hook(lambda m, inputs, output: seen.append(inputs[0].tolist()))
    doubled = layer.register_forward_hook(lambda m, inputs, output: output * 2)
    x = sklon.ones(1, 2)
    assert layer(x).item() == pytest.approx(2 * layer.bias.item()) and seen == [[[0, 0]]]
    for handle in (before, after, doubled, doubled):
        handle.remove()
    assert layer(x).item() == pytest.approx(layer.forward(x).item()) and len(seen) == 1


def test_freezing_and_clearing_reach_all_parameters() -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    net(sklon.rand(4, 2)).sum().backward()
    net.zero_grad(set_to_none=False)
    assert all(p.grad is not None and not p.grad.numpy().any() for p in net.parameters())
    net.zero_grad()
    assert all(p.grad is None for p in net.parameters())
    assert not any(p.requires_grad for p in net.requires_grad_(False).parameters())


def test_containers_are_edited_like_pytorch_s() -> None:
    for library in (nn, torch.nn):
        layers = library.ModuleList([library.ReLU()])
        layers.append(library.Tanh()).extend([library.ELU()])
        layers.insert(0, library.Identity())
        layers[1] = library.Sigmoid()
        del layers[2]
        assert [type(m).__name__ for m in layers] == ["Identity", "Sigmoid", "ELU"]
        assert len(layers[1:]) == 2 and type(layers[-1]).__name__ == "ELU"
        table = library.ModuleDict({"a": library.ReLU()})
        table["b"] = library.Tanh()
        table.pop("a")
        assert list(table.keys()) == ["b"] and "a" not in table and len(table) == 1
        named = library.Sequential(OrderedDict(x=library.ReLU()))
        assert [n for n, _ in named.named_children()] == ["x"]


REFUSALS = {
    "no module": lambda: nn.Sequential(nn.ReLU(), 3),  # type: ignore[arg-type]
    "no module in a list": lambda: nn.ModuleList([sklon.ones(1)]),  # type: ignore[list-item]
    "a dot": lambda: nn.ReLU().register_buffer("a.b", sklon.ones(1)),
    "taken": lambda: nn.ReLU().register_buffer("forward", sklon.ones(1)),
    "an array": lambda: nn.ReLU().register_buffer("a", np.ones(1)),  # type: ignore[arg-type]
    "mode": lambda: nn.init.kaiming_uniform_(sklon.ones(2, 2), mode="in"),
    "gain": lambda: nn.init.calculate_gain("swish"),
    "fan": lambda: nn.init.xavier_uniform_(sklon.ones(2)),
    "nothing left": lambda: nn.init.trunc_normal_(sklon.ones(2), 0.0, 1.0, 20.0, 30.0),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_refusals(name: str) -> None:
    with pytest.raises(InputError):
        REFUSALS[name]()


@pytest.mark.parametrize("axes", [(), (0,), (0, 1), (2, 3), (-3, -2), (1, 1)])
def test_flatten_is_pytorch_s(axes: tuple[int, ...]) -> None:
    given = np.arange(120.0).reshape(2, 3, 4, 5)
    x = sklon.tensor(given, requires_grad=True)
    value = nn.Flatten(*axes)(x)
    np.testing.assert_array_equal(value.numpy(), torch.nn.Flatten(*axes)(torch.tensor(given)).numpy())
    (value * value).sum().backward()
    assert x.grad is not None
    np.testing.assert_array_equal(x.grad.numpy(), 2 * given)


def test_what_is_left_out_on_purpose_says_what_to_use() -> None:
    with pytest.raises(AttributeError, match="use BCEWithLogitsLoss on logits"):
        _ = nn.BCELoss
    assert not hasattr(nn, "Nothing")


def test_flatten_trains_inside_the_step_and_keeps_the_rows() -> None:
    X = np.random.default_rng(0).standard_normal((30, 2, 3)).astype(np.float32)
    layers = [nn.Flatten(), nn.Linear(6, 8), nn.Tanh(), nn.Linear(8, 1)]
    trainer = sklon.Trainer(nn.Sequential(*layers), loss="mse", lr=0.02)
    history = trainer.fit((X, X[:, 0, :1] * X[:, 1, :1]), epochs=30, batch_size=7)
    assert history[-1]["train_loss"] < history[0]["train_loss"]
    with pytest.raises(ShapeError, match="the rows of a training step"):
        sklon.Trainer(nn.Sequential(nn.Flatten(0), *layers[1:]), loss="mse").fit((X, X[:, 0, :1]), epochs=1)
    with pytest.raises(ShapeError, match="comes before it"):
        nn.Flatten(2, 1)(sklon.ones(2, 3, 4))


# ---- initial values
@pytest.mark.parametrize(
    "call",
    [
        "uniform_(w, -2.0, 3.0)", "normal_(w, 1.0, 2.0)", "constant_(w, 0.3)", "zeros_(w)", "ones_(w)",
        "xavier_uniform_(w, 2.0)", "xavier_normal_(w)", "kaiming_uniform_(w, a=0.5)", "kaiming_normal_(w)",
        "kaiming_uniform_(w, mode='fan_out', nonlinearity='relu')", "trunc_normal_(w, 0.5, 1.0, -1.0, 1.0)",
        "kaiming_normal_(w, mode='fan_out', nonlinearity='tanh')",
    ],
)  # fmt: skip
def test_initial_values_have_pytorch_s_distribution(call: str) -> None:
    sklon.manual_seed(3)
    torch.manual_seed(3)
    ours, theirs = sklon.zeros(200, 50), torch.zeros(200, 50)
    assert eval(f"init.{call}", {"init": nn.init, "w": ours}) is ours
    eval(f"init.{call}", {"init": torch.nn.init, "w": theirs})
    a, b = np.sort(ours.numpy().ravel()), np.sort(theirs.numpy().ravel())
    np.testing.assert_allclose(a[100:-100], b[100:-100], atol=0.08 * max(b.std(), 1e-9))
    assert np.abs(a).max() <= np.abs(b).max() * 1.3


@pytest.mark.parametrize("name", ["linear", "sigmoid", "tanh", "relu", "selu", "leaky_relu"])
def test_gains_are_pytorch_s(name: str) -> None:
    assert nn.init.calculate_gain(name) == torch.nn.init.calculate_gain(name)
    assert nn.init.calculate_gain("leaky_relu", 0.3) == torch.nn.init.calculate_gain("leaky_relu", 0.3)


def test_a_copy_is_another_module() -> None:
    net = nn.Sequential(nn.Linear(2, 2), nn.BatchNorm1d(2))
    twin = copy.deepcopy(net)
    for name, value in twin.state_dict().items():
        np.testing.assert_array_equal(net.state_dict()[name], value)
    twin[0].weight.assign(np.zeros((2, 2)))
    assert net[0].weight.numpy().any() and twin[0].weight.requires_grad
