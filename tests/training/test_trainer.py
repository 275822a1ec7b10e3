"""The Trainer: PyTorch's trajectory, bits that depend on nothing but the seed, stopping, interruption, data."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

import sklon
from sklon import Trainer, nn, optim
from sklon._base.errors import DtypeError, InputError, ShapeError
from sklon._base.philox import permutation
from sklon.compiler import cache
from sklon.graph.node import Slot, slots, structure
from sklon.training import run as run_module
from sklon.training.callbacks import Callback
from sklon.training.history import Row
from sklon.training.step import columns_of, record_training
from sklon.training.stopping import Reason

Array = np.ndarray[Any, Any]


def _data(rows: int = 150, kind: str = "float32") -> tuple[Array, Array]:
    rng = np.random.default_rng(0)
    X = rng.standard_normal((rows, 6)).astype(kind)
    y = (X @ rng.standard_normal((6, 1)) + np.sin(3 * X[:, :1])).astype(kind)
    return X, y


def _model(p: float = 0.0, dtype: str = "float32") -> nn.Sequential:
    sklon.manual_seed(0)
    return nn.Sequential(nn.Linear(6, 16, dtype=dtype), nn.ReLU(), nn.Dropout(p), nn.Linear(16, 1, dtype=dtype))


@pytest.mark.parametrize("batch", [1, 7, 64, 65, "full"])
@pytest.mark.parametrize("name", ["sgd", "adam"])
def test_epochs_follow_pytorch(name: str, batch: int | str) -> None:
    torch = pytest.importorskip("torch")
    X, y = _data(70, "float64")
    model = _model(dtype="float64")
    reference = torch.nn.Sequential(
        torch.nn.Linear(6, 16), torch.nn.ReLU(), torch.nn.Dropout(0), torch.nn.Linear(16, 1)
    )
    reference.double().load_state_dict({k: torch.tensor(v) for k, v in model.state_dict().items()})
    optimizer = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}[name](reference.parameters(), lr=0.01)
    trainer = Trainer(model, loss="mse", optimizer=name, lr=0.01, seed=5)
    history = trainer.fit((X, y), epochs=2, batch_size=batch)
    size = len(X) if batch == "full" else int(batch)
    losses = []
    for epoch in range(2):
        order = permutation(len(X), seed=5, epoch=epoch)
        total = 0.0
        for rows in (order[i : i + size] for i in range(0, len(X), size)):
            optimizer.zero_grad()
            loss = torch.nn.functional.mse_loss(reference(torch.tensor(X[rows])), torch.tensor(y[rows]))
            loss.backward()
            optimizer.step()
            total += loss.item() * len(rows)
        losses.append(total / len(X))
    np.testing.assert_allclose(history.curve("train_loss"), losses, rtol=1e-10)
    for ours, theirs in zip(model.parameters(), reference.parameters(), strict=True):
        np.testing.assert_allclose(ours.numpy(), theirs.detach().numpy(), rtol=1e-9, atol=1e-12)


def _weights(batch: int, threads: int, monkeypatch: pytest.MonkeyPatch, chunk: float) -> list[Array]:
    monkeypatch.setattr(run_module, "CHUNK_SECONDS", chunk)
    monkeypatch.setattr("sklon.compiler.executable.worthwhile", lambda program, rows: 8)
    cache.clear()  # programs that know what they are worth
    sklon.set_num_threads(threads)
    try:
        model = _model(0.3)
        Trainer(model, loss="mse", lr=0.01).fit(_data(), epochs=3, batch_size=batch)
        return [p.numpy() for p in model.parameters()]
    finally:
        sklon.set_num_threads(None)


@pytest.mark.parametrize("batch", [1, 63, 65, 150])
def test_bits_depend_neither_on_threads_nor_on_chunks(batch: int, monkeypatch: pytest.MonkeyPatch) -> None:
    first = _weights(batch, 1, monkeypatch, 10.0)
    for threads, chunk in ((2, 10.0), (3, 0.0), (1, 0.0)):
        for a, b in zip(first, _weights(batch, threads, monkeypatch, chunk), strict=True):
            np.testing.assert_array_equal(a, b)


def test_two_fits_are_one_longer_fit() -> None:
    whole, parts = _model(0.2), _model(0.2)
    Trainer(whole, loss="mse").fit(_data(), epochs=4, batch_size=32)
    trainer = Trainer(parts, loss="mse")
    trainer.fit(_data(), epochs=1, batch_size=32)
    trainer.fit(_data(), epochs=3, batch_size=32)
    assert len(trainer.history) == 4
    for a, b in zip(whole.parameters(), parts.parameters(), strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_another_seed_is_another_run() -> None:
    results = []
    for seed in (0, 1):
        model = _model()
        Trainer(model, loss="mse", seed=seed).fit(_data(), epochs=1, batch_size=32)
        results.append(next(model.parameters()).numpy())
    assert not np.array_equal(results[0], results[1])


def test_the_step_reads_only_slots_data_n_and_scalars_and_records_the_same_structure() -> None:
    model, (X, y) = _model(0.5), _data()
    rules = {name: ("group0", optim.AdamRule()) for name, _ in model.named_parameters()}
    first, second = (record_training(model, nn.MSELoss(), rules, columns_of((X,), y)) for _ in range(2))
    assert structure(first) == structure(second)
    spaces = {n.op.space for n in slots(first) if isinstance(n.op, Slot)}
    assert spaces == {"state", "data", "index", "scalar"}
    assert all(p.node.op.label == "" for p in model.parameters() if isinstance(p.node.op, Slot))


# ---- validation and stopping
def _overfitting() -> tuple[Trainer, tuple[Array, Array], tuple[Array, Array]]:
    rng = np.random.default_rng(1)
    X, noise = rng.standard_normal((40, 6)).astype(np.float32), rng.standard_normal((40, 1)).astype(np.float32)
    trainer = Trainer(_model(), loss="mse", optimizer="adam", lr=0.03)
    return trainer, (X[:20], noise[:20]), (X[20:], noise[20:])


def test_patience_stops_and_the_best_weights_are_the_result() -> None:
    trainer, train, held_out = _overfitting()
    history = trainer.fit(train, epochs=300, batch_size=5, validation=held_out, early_stopping="patience(8)")
    curve = history.curve("validation_loss")
    assert trainer.stopped is not None and trainer.stopped.reason == "patience"
    assert trainer.stopped.best_epoch == 1 + int(np.argmin(curve)) == len(curve) - 8
    assert trainer.evaluate(*held_out) == pytest.approx(min(curve), rel=1e-6)
    assert "8 epochs" in trainer.stopped.sentence and f"epoch {trainer.stopped.best_epoch}" in trainer.stopped.sentence


def test_the_best_weights_are_the_result_after_a_normal_end_too() -> None:
    trainer, train, held_out = _overfitting()
    history = trainer.fit(train, epochs=40, batch_size=5, validation=held_out)
    assert trainer.stopped is not None and trainer.stopped.reason == "epochs"
    assert trainer.evaluate(*held_out) == pytest.approx(min(history.curve("validation_loss")), rel=1e-6)


def test_without_validation_the_last_weights_are_the_result() -> None:
    trainer, train, _ = _overfitting()
    trainer.fit(train, epochs=5)
    assert trainer.stopped is not None and trainer.stopped.best_epoch == trainer.stopped.epoch == 5


def test_a_validation_fraction_is_split_off_by_the_seed() -> None:
    trainer = Trainer(_model(), loss="mse")
    history = trainer.fit(_data(), epochs=2, validation=0.2)
    assert len(history.curve("validation_loss")) == 2


def test_a_time_limit_ends_the_run() -> None:
    trainer = Trainer(_model(), loss="mse")
    trainer.fit(_data(), epochs=10**9, batch_size=1, time_limit=0.05)
    assert trainer.stopped is not None and trainer.stopped.reason == "time_limit"


class _Interrupt(Callback):
    def on_epoch_end(self, trainer: Trainer, row: Row) -> Reason | None:
        if row["epoch"] == 3:
            raise KeyboardInterrupt
        return None


def test_ctrl_c_keeps_a_usable_result() -> None:
    trainer, train, held_out = _overfitting()
    before = trainer.evaluate(*train)
    trainer.fit(train, epochs=1000, validation=held_out, callbacks=[_Interrupt()])
    assert trainer.stopped is not None and trainer.stopped.reason == "interrupted" and len(trainer.history) == 3
    assert trainer.evaluate(*train) < before


class _Stop(Callback):
    def on_epoch_end(self, trainer: Trainer, row: Row) -> Reason | None:
        return Reason("enough", "it was enough") if row["epoch"] == 2 else None


def test_a_callback_stops_by_returning_a_reason() -> None:
    trainer = Trainer(_model(), loss="mse")
    trainer.fit(_data(), epochs=9, callbacks=[_Stop()])
    assert trainer.stopped is not None and trainer.stopped.reason == "enough" and trainer.stopped.epoch == 2


def test_a_diverging_run_stops_and_says_so() -> None:
    trainer = Trainer(_model(), loss="mse", optimizer="sgd", lr=1e4)
    with np.errstate(all="ignore"):
        trainer.fit(_data(), epochs=50)
    assert trainer.stopped is not None and trainer.stopped.reason == "non_finite"
    assert re.search(r"in step \d+: .*; a smaller lr", trainer.stopped.sentence)
    assert np.isfinite(trainer.predict(_data()[0])).all()


# ---- models and data
class _Two(nn.Module):
    """A dense input and an embedded one."""

    def __init__(self) -> None:
        super().__init__()
        self.dense, self.table, self.out = nn.Linear(6, 8), nn.Embedding(3, 8), nn.Linear(8, 1)

    def forward(self, *inputs: sklon.Tensor) -> Any:
        x, code = inputs
        return self.out((self.dense(x) + self.table(code)).relu())


def test_a_model_may_have_several_inputs_and_embeddings() -> None:
    X, y = _data(200)
    code = np.arange(200) % 3
    sklon.manual_seed(0)
    trainer = Trainer(_Two(), loss="mse", lr=0.02)
    history = trainer.fit(((X, code), y + code[:, None].astype(np.float32)), epochs=40, batch_size=32)
    assert history[-1]["train_loss"] < 0.3 * history[0]["train_loss"]
    assert trainer.predict((X, code)).shape == (200, 1)


def test_optimizers_of_models_are_taken_with_their_groups() -> None:
    model = _model()
    frozen = model[0]
    before = next(frozen.parameters()).numpy()
    optimizer = optim.SGD([{"params": model[3].parameters(), "lr": 0.1}, {"params": frozen.parameters(), "lr": 0.0}])
    Trainer(model, loss="mse", optimizer=optimizer).fit(_data(), epochs=1)
    np.testing.assert_array_equal(before, next(frozen.parameters()).numpy())


def test_frozen_parameters_are_left_alone() -> None:
    model = _model()
    parameters = list(model.parameters())
    parameters[0].requires_grad_(False)
    before = [p.numpy() for p in parameters]
    Trainer(model, loss="mse").fit(_data(), epochs=1)
    np.testing.assert_array_equal(before[0], parameters[0].numpy())
    assert not np.array_equal(before[3], parameters[3].numpy())


def test_prediction_is_the_eager_model_s_for_any_number_of_rows() -> None:
    model = _model(0.5)
    trainer = Trainer(model, loss="mse")
    for rows in (1, 64, 1500):
        X = _data(rows)[0]
        np.testing.assert_allclose(trainer.predict(X), model.eval()(sklon.tensor(X)).numpy(), rtol=1e-5, atol=1e-6)


def _bad(rows: int, value: float) -> Array:
    X = _data(rows)[0]
    X[2, 1] = value
    return X


REFUSALS: dict[str, tuple[Sequence[Any], dict[str, Any], type[Exception], str]] = {
    "lengths": ((_data(5)[0], _data(4)[1]), {}, ShapeError, "same number of rows"),
    "empty": ((np.zeros((0, 6)), np.zeros((0, 1))), {}, InputError, "no row"),
    "nan": ((_bad(5, np.nan), _data(5)[1]), {}, InputError, "1 values that are NaN"),
    "infinite": ((_bad(5, np.inf), _data(5)[1]), {}, InputError, "infinite"),
    "text": ((np.array([["a"] * 6] * 5), _data(5)[1]), {}, DtypeError, "encode text"),
    "batch": (_data(5), {"batch_size": 0}, InputError, "at least 1"),
    "fraction": (_data(5), {"validation": 1.5}, InputError, "between 0 and 1"),
    "all held out": (_data(1), {"validation": 0.5}, InputError, "no row to train on"),
    "rule": (_data(5), {"validation": 0.4, "early_stopping": "hope(3)"}, InputError, "no stopping rule"),
    "nothing to watch": (_data(5), {"early_stopping": "patience(3)"}, InputError, "validation"),
    "width": ((np.zeros((5, 4), np.float32), _data(5)[1]), {}, ShapeError, "\\[N, 6\\]"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_bad_data_get_one_clear_error(name: str) -> None:
    data, settings, kind, words = REFUSALS[name]
    model = _model()
    before = next(model.parameters()).numpy()
    with pytest.raises(kind, match=words):
        Trainer(model, loss="mse").fit((data[0], data[1]), epochs=1, **settings)
    np.testing.assert_array_equal(before, next(model.parameters()).numpy())


def test_codes_and_classes_out_of_range_are_refused() -> None:
    X, y = _data(10)
    trainer = Trainer(_Two(), loss="mse")
    with pytest.raises(InputError, match="input 1 holds 3, but the table that it indexes has rows 0 to 2"):
        trainer.fit(((X, np.full(10, 3)), y), epochs=1)
    with pytest.raises(InputError, match="input 1 holds -1"):
        trainer.predict((X, np.full(10, -1)))
    with pytest.raises(InputError, match="classes must be 0 to 0, but there is a 4"):
        Trainer(_model(), loss="cross_entropy").fit((X, np.full(10, 4)), epochs=1)


@pytest.mark.parametrize("settings", [{"loss": "hope"}, {"loss": "mse", "optimizer": "hope"}])
def test_unknown_names_are_refused_with_the_known_ones(settings: dict[str, Any]) -> None:
    with pytest.raises(InputError, match="use one of"):
        Trainer(_model(), **settings)
