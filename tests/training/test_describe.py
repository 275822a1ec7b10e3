"""The loop in words: every setting that was chosen stands at its place, callbacks too; and the card of a trainer."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sklon import Trainer, nn, optim
from sklon._base.errors import InputError
from sklon.data import sampling
from sklon.training import Callback, Checkpoints
from sklon.training.history import Row
from sklon.training.stopping import Reason
from tests.markup import read

X, Y = np.ones((100, 3), np.float32), np.ones((100, 1), np.float32)


class Mine(Callback):
    """Overrides two hooks."""

    def on_epoch_end(self, trainer: Trainer, row: Row) -> Reason | None:
        return None

    def on_fit_end(self, trainer: Trainer) -> None:
        return None


def full() -> Trainer:
    model = nn.Sequential(nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1))
    return Trainer(
        model,
        loss="mse",
        optimizer="sgd",
        schedule="warmup(0.1) >> cosine",
        l1=0.25,
        penalties=[optim.Penalties((optim.MaxNorm(3.0),), "2.*")],
        clip=optim.ClipNorm(1.5),
        average=optim.EMA(),
        on_non_finite="skip",
        seed=7,
    )


FIT: dict[str, Any] = {
    "epochs": 6,
    "batch_size": 32,
    "micro_batch_size": 8,
    "validation": 0.2,
    "early_stopping": "patience(4) | gl(2)",
    "time_limit": 90,
    "checkpoints": Checkpoints("there", every_steps=50),
    "callbacks": [Mine()],
    "progress": True,
}
DESCRIBED = """\
train Sequential of 3 layers, 21 parameters
on_fit_start: Progress
for each epoch (at most 6):
    take 80 rows shuffled by seed 7
    for each of 3 batches of 32 rows, 16 in the last one, in parts of 8:
        loss = MSELoss() of model(inputs) and targets
        gradients = backward(loss), added up over the parts and divided by the rows of the batch
        clip the gradients: clip_norm(limit=1.5)
        if the loss or a gradient is not finite: skip the batch and count it
        learning rate by warmup(0.1) >> cosine
        update by sgd(lr=0.1)
        with l1(strength=0.25) on all weights but biases and norms
        with max_norm(limit=3.0) on 2.*
        move the averaged weights: ema(decay=0.999)
        write a checkpoint to 'there' every 50 steps or 5 minutes, and at the end; the newest 2 stay
    on_chunk_end every 50 ms: Progress
    validate on 20 rows with the averaged weights; keep the best weights
    on_epoch_end: Mine, Progress
    stop if patience(patience=4) | gl(alpha=2)
    stop after 90 seconds, also within an epoch
give the model the best weights
on_fit_end: Progress, Mine"""


def test_every_choice_stands_at_its_place() -> None:
    assert full().describe((X, Y), **FIT) == DESCRIBED


def test_nothing_was_run_for_a_description(tmp_path: Any) -> None:
    trainer = full()
    trainer.describe((X, Y), **{**FIT, "checkpoints": tmp_path})
    assert (trainer.epoch, trainer.plan, len(trainer.history)) == (0, None, 0) and not list(tmp_path.iterdir())


def test_after_a_fit_it_is_the_fit_that_is_described(tmp_path: Any) -> None:
    trainer, other = full(), full()
    fit = {**FIT, "checkpoints": tmp_path, "progress": False}
    trainer.fit((X, Y), **fit)
    assert trainer.describe() == other.describe((X, Y), **fit)
    assert trainer.describe((X, Y), epochs=3) != trainer.describe()


def test_before_a_fit_the_sizes_are_open() -> None:
    text = full().describe()
    assert "for each epoch:" in text and "for each batch:" in text and "clip_norm(limit=1.5)" in text


def test_settings_without_data_are_refused() -> None:
    with pytest.raises(InputError, match="pass them first"):
        full().describe(epochs=3)


def test_an_unknown_setting_is_refused() -> None:
    with pytest.raises(TypeError, match="epoch"):
        full().describe((X, Y), epoch=3)


def test_groups_are_told_apart_and_frozen_parameters_left_out() -> None:
    model = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 4), nn.Linear(4, 1))
    model[1].requires_grad_(False)
    groups: list[dict[str, Any]] = [
        {"params": model[0].parameters(), "lr": 0.5},
        {"params": [*model[1].parameters(), *model[2].parameters()]},
    ]
    text = Trainer(model, loss="mse", optimizer=optim.SGD(groups, lr=0.1)).describe()
    assert "update by sgd(lr=0.5) for 0.weight, 0.bias\n" in text
    assert "update by sgd(lr=0.1) for 2.weight, 2.bias\n" in text
    assert "41 parameters, 21 of them trained" in text


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"shuffle": False}, "take 100 rows in their order"),
        ({"shuffle": sampling.Weighted(np.ones(100), 30)}, "take 30 rows drawn by the sampler weighted and seed 7"),
        ({"batch_size": "full"}, "for each of 1 batch of 100 rows:"),
        ({"batch_size": 30, "drop_last": True}, "for each of 3 batches of 30 rows:"),
        ({"checkpoints": Checkpoints("there", every_minutes=None)}, "write a checkpoint to 'there' at the end"),
        ({}, "give the model the last weights"),
    ],
)
def test_settings_of_a_fit_in_words(settings: dict[str, Any], said: str) -> None:
    assert said in full().describe((X, Y), **settings)


def test_weights_of_rows_divide() -> None:
    text = full().describe((X, Y, np.ones(100)))
    assert "targets, each row by its weight" in text and "divided by the weights of the batch" in text


def test_the_card_of_a_trainer_says_what_trains_what() -> None:
    trainer = full()
    texts = read(trainer._repr_html_()).texts
    assert {"Trainer", "MSELoss()", "sgd(lr=0.1)", "clip_norm(limit=1.5)", "ema(decay=0.999)", "7"} <= set(texts)
    assert "0 epochs, 0 steps" in texts and "stopped" not in texts
    trainer.fit((X, Y), epochs=2, batch_size=50)
    texts = read(trainer._repr_html_()).texts
    assert {"2 epochs, 4 steps", "Stopped after epoch 2: all 2 epochs were run."} <= set(texts)


def test_names_of_a_user_are_text_in_the_card() -> None:
    def evil(output: Any, target: Any) -> Any:
        return (output - target) ** 2

    evil.__name__ = "<script>alert(1)</script>"
    card = Trainer(nn.Linear(3, 1), loss=evil)._repr_html_()
    assert "&lt;script&gt;" in card
    read(card)
