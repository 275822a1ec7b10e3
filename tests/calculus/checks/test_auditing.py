"""Audits: sound models pass, each fault has its verdict, and the model is to the bit what it was."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import sklon
from sklon import Trainer, nn
from sklon._base.errors import InputError
from sklon.calculus import Audit, audit
from sklon.calculus.checks.auditing import COLUMNS
from sklon.calculus.checks.bench import bench_of
from sklon.nn import functional as F
from sklon.tensors import Tensor

from ..tensor_functions import RULES, Array, square

random = np.random.default_rng(0)
X = random.uniform(-1, 1, (20, 3)).astype(np.float32)
Y = (X[:, :1] * X[:, 1:2] > 0).astype(np.float32)
CLASSES = np.arange(20) % 3


def mlp(*middle: nn.Module, outputs: int = 1) -> nn.Sequential:
    """A model with some layers in the middle."""
    sklon.manual_seed(1)
    return nn.Sequential(nn.Linear(3, 8), *middle, nn.Linear(8, outputs))


def verdicts(found: Audit) -> dict[str, str]:
    """The verdict of each parameter."""
    return {p.name: p.verdict for p in found.parameters}


def loop(output: Tensor, target: Tensor) -> Any:
    return ((output - target) ** 2).mean()


# ---- sound
SOUND: dict[str, tuple[nn.Module, Callable[..., Any], Array]] = {
    "the README's": (mlp(nn.ReLU(), nn.Dropout(0.1)), nn.BCEWithLogitsLoss(), Y),
    "tanh, a function": (mlp(nn.Tanh()), loop, Y),
    "a sum": (mlp(nn.Tanh()), lambda o, t: ((o - t) ** 2).sum(), Y),
    "a loss of sklon as a sum": (mlp(nn.Tanh()), nn.MSELoss(reduction="sum"), Y),
    "batch norm": (mlp(nn.BatchNorm1d(8), nn.ReLU()), nn.MSELoss(), Y),
    "batch norm in evaluation": (mlp(nn.BatchNorm1d(8), nn.ReLU()).eval(), nn.MSELoss(), Y),
    "classes": (mlp(nn.GELU(), outputs=3), nn.CrossEntropyLoss(), CLASSES),
    "classes with weights": (mlp(nn.SiLU(), outputs=3), nn.CrossEntropyLoss(weight=[1.0, 5.0, 2.0]), CLASSES),
    "layer norm, float64": (mlp(nn.LayerNorm(8), nn.Softplus()).double(), nn.HuberLoss(), Y),
}


@pytest.mark.parametrize("case", SOUND)
def test_a_sound_model_passes(case: str) -> None:
    model, loss, target = SOUND[case]
    found = audit(model, loss, (X, target))
    assert found.passed and set(verdicts(found).values()) == {"right"}, str(found)
    assert all(p.differences is not None and p.differences < 1e-2 for p in found.parameters)
    assert all(p.rows is not None and p.rows < 1e-8 for p in found.parameters)
    assert found.rows == 20 and "are right" in str(found)


def test_norms_and_zeros_are_those_of_backward() -> None:
    model = mlp(nn.ReLU())
    model[0].weight.assign(np.concatenate([-np.ones((3, 3)), np.ones((5, 3))]).astype(np.float32))
    positive = np.abs(X)
    found = {p.name: p for p in audit(model, nn.MSELoss(), (positive, Y)).parameters}
    nn.MSELoss()(model(sklon.tensor(positive)), sklon.tensor(Y)).backward()
    for name, parameter in model.named_parameters():
        assert parameter.grad is not None
        gradient = parameter.grad.numpy()
        assert found[name].norm == pytest.approx(np.linalg.norm(gradient), rel=1e-6)
        assert found[name].zeros == (gradient == 0).mean()
    assert found["0.weight"].dead_rows == 3 and found["0.weight"].cells[6] == "3 of 8"


def test_coupled_rows_are_told() -> None:
    for middle in (nn.BatchNorm1d(8), nn.Dropout(0.5)):
        model = mlp(middle)
        assert "depends on the other rows" in str(audit(model, nn.MSELoss(), (X, Y)))
        assert "depends on the other rows" not in str(audit(model.eval(), nn.MSELoss(), (X, Y)))


def test_rows_are_those_of_per_sample_gradients() -> None:
    """The audit takes a plain backward pass for each row, so that both are independent ways to the same numbers."""
    model = mlp(nn.Tanh()).double()
    bench = bench_of(model, loop, (X.astype(np.float64), Y.astype(np.float64)), 20, 0)
    mapped = sklon.per_sample_gradients(model, loop, (X.astype(np.float64), Y.astype(np.float64)))
    for row in range(20):
        for name, gradient in bench.gradients(bench.row_value(row, coupled=False)).items():
            assert gradient is not None
            np.testing.assert_allclose(mapped[name][row].numpy(), gradient, rtol=1e-9, atol=1e-12)


# ---- faults
class Detaching(nn.Module):
    """A model that cuts off its first layer by mistake."""

    def __init__(self) -> None:
        super().__init__()
        self.first, self.last = nn.Linear(3, 4), nn.Linear(4, 1)

    def forward(self, *inputs: Any) -> Any:
        return self.last(self.first(inputs[0]).detach().tanh())


class ThroughNumpy(Detaching):
    def forward(self, *inputs: Any) -> Any:
        return self.last(sklon.tensor(np.tanh(self.first(inputs[0]).numpy())))


class Forgetful(Detaching):
    def forward(self, *inputs: Any) -> Any:
        return inputs[0].mean(1).reshape(-1, 1) * self.last.bias + self.last.weight.sum()


missing_a_factor = square(RULES["a missing factor"])


class Squared(nn.Module):
    """An op of one's own, whose derivative misses a factor."""

    def forward(self, *inputs: Any) -> Any:
        return missing_a_factor(inputs[0])


class Log(nn.Module):
    def forward(self, *inputs: Any) -> Any:
        return inputs[0].log()


def mean_of_means(output: Tensor, target: Tensor) -> Any:
    """Of two parts of unequal length."""
    if output.shape[0] == 1:
        return F.mse_loss(output, target)
    return (F.mse_loss(output[:5], target[:5]) + F.mse_loss(output[5:], target[5:])) / 2


ALL = ("0.weight", "0.bias", "2.weight", "2.bias")


@pytest.mark.parametrize(
    ("model", "loss", "expected", "words"),
    [
        (Detaching(), nn.MSELoss(), {"first.weight": "wrong", "first.bias": "wrong"}, "cuts the gradient off"),
        (ThroughNumpy(), nn.MSELoss(), {"first.weight": "wrong", "first.bias": "wrong"}, "left the graph"),
        (Forgetful(), nn.MSELoss(), {"first.weight": "unused", "first.bias": "unused"}, "does not depend on it"),
        (mlp(Squared()), nn.MSELoss(), {"0.weight": "wrong", "0.bias": "wrong"}, "the op 'square' in"),
        (mlp(nn.Tanh()), mean_of_means, dict.fromkeys(ALL, "uneven rows"), "mean of means"),
        (mlp(Log()), nn.MSELoss(), dict.fromkeys(ALL, "not finite"), "log(-"),
    ],
    ids=["detach", "numpy", "unused", "wrong op", "mean of means", "not finite"],
)  # fmt: skip
def test_a_fault_has_its_verdict_and_its_reason(
    model: nn.Module, loss: Callable[..., Any], expected: dict[str, str], words: str
) -> None:
    found = audit(model, loss, (X, Y))
    told = verdicts(found)
    assert not found.passed and {n: v for n, v in told.items() if v != "right"} == expected
    assert words in str(found) and words in " ".join(found.reasons)


def test_the_layer_of_a_wrong_op_is_named() -> None:
    assert "the op 'square' in layer '1'" in str(audit(mlp(Squared()), nn.MSELoss(), (X, Y)))
    assert "in layer '1' (test_auditing.py:" in str(audit(mlp(Log()), nn.MSELoss(), (X, Y)))


def test_a_penalty_in_the_loss_is_a_part_of_the_gradient() -> None:
    model = mlp(nn.Tanh())
    found = audit(model, lambda o, t: loop(o, t) + 0.1 * (model[0].weight ** 2).sum(), (X, Y))
    assert found.passed, str(found)


class Coded(nn.Module):
    """Two inputs: numbers, and codes that choose rows of a table."""

    def __init__(self) -> None:
        super().__init__()
        self.table, self.last = nn.Embedding(9, 4), nn.Linear(7, 1)

    def forward(self, *inputs: Any) -> Any:
        x, codes = inputs
        return self.last(sklon.concat((x, self.table(codes)), 1))


def test_several_inputs_shared_layers_and_no_grad() -> None:
    with sklon.no_grad():
        assert audit(Coded(), nn.MSELoss(), ((X, CLASSES), Y)).passed
    layer = nn.Linear(3, 3)
    found = audit(nn.Sequential(layer, nn.Tanh(), layer), nn.MSELoss(), (X, X))
    assert found.passed and [p.name for p in found.parameters] == ["0.weight", "0.bias"]


# ---- no faults, but told
def test_frozen_parameters_are_not_compared() -> None:
    model = mlp(nn.Tanh())
    model[0].requires_grad_(False)
    found = audit(model, nn.MSELoss(), (X, Y))
    assert found.passed and verdicts(found)["0.weight"] == "frozen"
    assert found.sentence.startswith("The gradients of 2 parameters on 20 rows are right")


@pytest.mark.parametrize("tied", [False, True])
def test_rows_of_padding_are_no_fault(tied: bool) -> None:
    class Words(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table, self.last = nn.Embedding(6, 4, padding_idx=0), nn.Linear(4, 6)
            if tied:
                self.last.weight = self.table.weight

        def forward(self, *inputs: Any) -> Any:
            return self.last(self.table(inputs[0]).sum(1).tanh())

    words = np.arange(40).reshape(20, 2) % 6
    sklon.manual_seed(0)
    found = audit(Words(), nn.CrossEntropyLoss(), (words, CLASSES))
    assert found.passed and "Rows of padding are not trained" in str(found), str(found)
    assert "padding" not in str(audit(mlp(nn.Tanh()), nn.MSELoss(), (X, Y)))


def test_a_table_of_padding_alone_has_a_gradient_of_zero() -> None:
    class Words(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.table, self.last = nn.Embedding(1, 4, padding_idx=0), nn.Linear(4, 1)

        def forward(self, *inputs: Any) -> Any:
            return self.last(self.table(inputs[0]))

    assert audit(Words(), nn.MSELoss(), (np.zeros(20, int), Y)).passed


def test_derivatives_too_small_to_be_compared_are_told() -> None:
    def small(output: Tensor, target: Tensor) -> Any:
        return loop(output, target) * 1e-9

    found = audit(mlp(Squared()), small, (X, Y))
    assert verdicts(found)["0.weight"] == "right" and "a wrong one would not show" in found.parameters[0].reason
    assert "would not show" not in str(audit(mlp(nn.Tanh()), nn.MSELoss(), (X, Y)))


def test_what_is_cut_off_is_not_unused_however_small_its_slope() -> None:
    found = audit(Detaching(), lambda o, t: loop(o, t) * 1e-9, (X, Y))
    assert verdicts(found)["first.weight"] == "wrong" and "cuts the gradient off" in found.parameters[0].reason


def test_parameters_that_no_module_names_are_told() -> None:
    class Listing(nn.Module):
        def __init__(self, *layers: nn.Module) -> None:
            super().__init__()
            self.layers, self.last = list(layers), nn.Linear(3, 1)

        def forward(self, *inputs: Any) -> Any:
            return self.last(self.layers[0](inputs[0]))

    told = " ".join(audit(Listing(nn.Linear(3, 3)), nn.MSELoss(), (X, Y)).remarks)
    assert "tensors of shape 3×3, 3 that require gradients" in told and "nn.ModuleList" in told
    assert not audit(Listing(nn.Tanh()), nn.MSELoss(), (X, Y)).remarks


def test_nan_couples_no_rows() -> None:
    model = mlp(nn.Tanh())
    model[0].load_state_dict({"weight": np.full((8, 3), np.nan), "bias": np.zeros(8)})
    found = audit(model, nn.MSELoss(), (X, Y))
    assert not found.passed and not found.remarks
    assert "a number that was given" in str(found) and "not finite are the parameters 0.weight" in found.reasons[0]


def test_nan_in_the_data_is_of_no_parameter() -> None:
    found = audit(mlp(nn.Tanh()), nn.MSELoss(), (np.where(X > 0.9, np.nan, X), Y))
    assert not found.passed and found.reasons[0].endswith("; all parameters are finite.")


def test_a_gradient_of_zero_and_one_at_a_kink_pass() -> None:
    model = mlp(nn.ReLU())
    model[2].load_state_dict({"weight": np.zeros((1, 8)), "bias": np.zeros(1)})
    assert verdicts(audit(model, nn.MSELoss(), (X, Y)))["0.weight"] == "zero"
    model = mlp(nn.ReLU())
    model[0].load_state_dict({"weight": np.ones((8, 3)), "bias": np.zeros(8)})
    found = audit(model, nn.MSELoss(), (np.zeros((4, 3), np.float32), Y[:4]))
    assert found.passed and verdicts(found)["0.bias"] == "kink" and "slopes from" in str(found)


def test_a_loss_that_refuses_a_single_row_is_compared_with_differences_alone() -> None:
    def spread(output: Tensor, target: Tensor) -> Any:
        if output.shape[0] == 1:
            raise ValueError("one row has no variance")
        return (output - target).var()

    found = audit(mlp(nn.Tanh()), spread, (X, Y))
    assert found.passed and all(p.rows is None for p in found.parameters)
    assert "cannot be computed for a single row" in str(found)


def test_a_model_that_insists_on_float32_is_compared_less_closely() -> None:
    class Casting(nn.Module):
        def forward(self, *inputs: Any) -> Any:
            return inputs[0].float().tanh()

    found = audit(mlp(Casting()), nn.MSELoss(), (X, Y))
    assert found.passed and "to three digits only" in " ".join(found.reasons), str(found)
    assert not audit(mlp(Casting(), Squared()), nn.MSELoss(), (X, Y)).passed


def test_a_wrong_derivative_is_not_hidden_by_a_kink() -> None:
    class Both(nn.Module):
        """At x = 0 a kink by the bias of the first unit, and a wrong derivative by that of the second."""

        def __init__(self) -> None:
            super().__init__()
            self.bias = nn.Parameter(np.array([0.0, 1.0], np.float32))

        def forward(self, *inputs: Any) -> Any:
            return (self.bias[:1].relu() * 1e3 + missing_a_factor(self.bias[1:])) * inputs[0]

    assert verdicts(audit(Both(), lambda o, t: (o - t).sum(), (np.ones((3, 1)), np.ones((3, 1))))) == {"bias": "wrong"}


# ---- the model is left as it was
def everything(model: nn.Module) -> dict[str, Any]:
    """What a user can see of a model, and of the generator, as bytes."""
    found: dict[str, Any] = {name: (a.dtype, a.tobytes()) for name, a in model.state_dict().items()}
    for name, parameter in model.named_parameters():
        gradient = parameter.grad
        found[f"{name}.grad"] = None if gradient is None else gradient.numpy().tobytes()
        found[f"{name}.identity"], found[f"{name}.requires_grad"] = id(parameter), parameter.requires_grad
    for name, module in model.named_modules():
        found[f"{name}.settings"] = (module.training, len(module._forward_hooks), len(module._forward_pre_hooks))
    return found


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("loss", [nn.MSELoss(), mean_of_means], ids=["sound", "faulty"])
def test_nothing_of_the_model_is_changed(training: bool, loss: Callable[..., Any]) -> None:
    model = mlp(nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3)).train(training)
    model[1].bias.requires_grad_(False)
    model(sklon.tensor(X)).sum().backward()
    seen: list[Tensor] = []
    model[0].weight.register_hook(seen.append)
    before = everything(model)
    sklon.manual_seed(5)
    first = sklon.rand(3).tolist()
    sklon.manual_seed(5)
    audit(model, loss, (X, Y))
    assert sklon.rand(3).tolist() == first
    assert everything(model) == before and not seen
    model(sklon.tensor(X)).sum().backward()
    assert len(seen) == 1 and model[0].weight.dtype is sklon.float32


def test_a_model_is_left_as_it_was_when_its_forward_fails() -> None:
    class Failing(nn.Module):
        calls = 0

        def forward(self, *inputs: Any) -> Any:
            self.calls += 1
            if self.calls == 1 and inputs[0].dtype is sklon.float64:
                raise RuntimeError("no")
            return inputs[0]

    model = mlp(Failing())
    before = everything(model)
    with pytest.raises(RuntimeError, match="no"):
        audit(model, nn.MSELoss(), (X, Y))
    assert everything(model) == before and model[1].calls == 0


def test_an_optimizer_goes_on_after_an_audit() -> None:
    def losses(looks: bool) -> list[float]:
        model = mlp(nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.2))
        optimizer = sklon.optim.Adam(model.parameters(), lr=0.01)
        found = []
        for _ in range(3):
            if looks:
                audit(model, nn.MSELoss(), (X, Y))
            optimizer.zero_grad()
            loss = nn.MSELoss()(model(sklon.tensor(X)), sklon.tensor(Y))
            loss.backward()
            optimizer.step()
            found.append(loss.item())
        return found

    assert losses(looks=True) == losses(looks=False)


# ---- what is given, and how it is shown
def test_only_the_first_rows_are_used() -> None:
    found = audit(mlp(nn.Tanh()), nn.MSELoss(), (sklon.tensor(X), sklon.tensor(Y)), rows=5)
    assert found.rows == 5 and "Of 20 rows the first 5 were used." in str(found)


BAD: dict[str, tuple[Any, Any, Any, str]] = {
    "no module": (loop, loop, (X, Y), "audit looks at a module"),
    "a name": (mlp(), "mse", (X, Y), "take one of sklon.nn"),
    "no pair": (mlp(), loop, X, r"the batch is \(X, y\)"),
    "other rows": (mlp(), loop, (X, Y[:3]), "the same number of rows"),
    "no number": (mlp(), lambda o, t: (o - t) ** 2, (X, Y), "take its mean or its sum"),
    "nothing trained": (mlp().requires_grad_(False), loop, (X, Y), "no parameter of this model is trained"),
    "no parameters": (nn.Sequential(nn.Tanh()), loop, (X, Y), "no parameter of this model is trained"),
    "changing": (mlp(), lambda o, t: loop(o, t) * np.random.default_rng().random(), (X, Y), "draw random numbers"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_does_not_fit_is_refused(case: str) -> None:
    model, loss, batch, words = BAD[case]
    with pytest.raises(InputError, match=words):
        audit(model, loss, batch)


def test_an_audit_is_shown_as_text_html_and_json() -> None:
    found = audit(Detaching(), nn.MSELoss(), (X, Y))
    lines = str(found).splitlines()
    assert lines[2].split()[:5] == ["parameter", "shape", "norm", "differences", "rows"]
    assert "4×3" in lines[3] and lines[3].endswith("wrong")
    assert max(map(len, lines)) <= COLUMNS and "not finite" not in lines[2]
    assert "not finite" in str(audit(mlp(Log()), nn.MSELoss(), (X, Y))).splitlines()[2]
    assert "<table>" in found._repr_html_() and "first.weight" in found._repr_html_()
    read = json.loads(json.dumps(found.json(), allow_nan=False))
    assert read["passed"] is False and read["parameters"][0]["verdict"] == "wrong"
    json.dumps(audit(mlp(Log()), nn.MSELoss(), (X, Y)).json(), allow_nan=False)


def test_a_trainer_audits_its_model_and_its_loss() -> None:
    model = mlp(nn.BatchNorm1d(8), nn.ReLU(), nn.Dropout(0.3)).eval()
    trainer = Trainer(model, loss="bce_with_logits", optimizer="adam", lr=0.01)
    before = everything(model)
    found = trainer.audit((X, Y), rows=10)
    assert found.passed and found.rows == 10 and everything(model) == before
    assert "batch norm, dropout" in " ".join(found.reasons)
    trainer.fit((X, Y), epochs=2, batch_size=8)
    assert trainer.audit((X, Y)).passed
    with pytest.raises(InputError, match="leave the weights out"):
        trainer.audit((X, Y, np.ones(20)))


def test_a_trainer_with_a_loss_of_ones_own() -> None:
    assert Trainer(mlp(nn.Tanh()), loss=lambda o, t: (o - t).abs()).audit((X, Y)).passed
    assert Trainer(mlp(nn.Tanh()), loss=loop, reduction="mean").audit((X, Y)).passed
    found = Trainer(mlp(nn.Tanh()), loss=mean_of_means, reduction="mean").audit((X, Y))
    assert set(verdicts(found).values()) == {"uneven rows"}
