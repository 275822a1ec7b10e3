"""A module at a glance: counts, shapes that nobody has to compute, and the table for notebooks."""

from __future__ import annotations

from typing import Any

import pytest

from sklon import nn
from sklon.nn.summary import MOST_LAYERS, layers, line, output_shapes
from tests.markup import read


class Own(nn.Module):
    """A module of a user, with a parameter of its own and a layer inside."""

    def __init__(self) -> None:
        super().__init__()
        self.body = nn.Linear(3, 2)
        self.scale = nn.Parameter([1.0, 1.0])

    def forward(self, *inputs: Any, **options: Any) -> Any:
        raise AssertionError("nobody asked for the values")


def net() -> nn.Sequential:
    inner = nn.Sequential(nn.ReLU(), nn.Dropout(0.5))
    return nn.Sequential(nn.Linear(3, 8), nn.BatchNorm1d(8), inner, nn.Linear(8, 1, bias=False))


def test_layers_have_paths_shapes_and_counts() -> None:
    found = [(one.path, one.kind, one.output, one.parameters, one.trainable) for one in layers(net())]
    assert found == [
        ("0", "Linear", "N × 8", 32, 32),
        ("1", "BatchNorm1d", "N × 8", 16, 16),
        ("2.0", "ReLU", "N × 8", 0, 0),
        ("2.1", "Dropout", "N × 8", 0, 0),
        ("3", "Linear", "N × 1", 8, 8),
    ]


def test_frozen_parameters_are_counted_apart() -> None:
    model = net()
    model[0].requires_grad_(False)
    assert line(model) == "Sequential of 5 layers, 56 parameters, 24 of them trained"
    assert layers(model)[0].trainable == 0


def test_what_is_shared_is_counted_once() -> None:
    shared = nn.Linear(4, 4)
    model = nn.Sequential(shared, nn.ReLU(), shared)
    assert line(model) == "Sequential of 2 layers, 20 parameters"
    tied = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    tied[1].weight = tied[0].weight
    assert line(tied) == "Sequential of 2 layers, 24 parameters"


def test_parameters_of_a_module_that_holds_others_are_counted() -> None:
    assert [(one.path, one.kind, one.parameters) for one in layers(Own())] == [("", "Own", 2), ("body", "Linear", 8)]


def test_no_code_of_a_user_is_run_for_shapes() -> None:
    model = nn.Sequential(nn.Linear(3, 3), Own())
    assert output_shapes(model) == {} and line(model) == "Sequential of 3 layers, 22 parameters"


@pytest.mark.parametrize(
    "model",
    [
        nn.Sequential(),
        nn.ReLU(),
        nn.Sequential(nn.ReLU(), nn.Linear(2, 2)),
        nn.Sequential(nn.Linear(2, 3), nn.Linear(2, 2)),
    ],
    ids=["empty", "no sizes", "unknown input", "does not fit"],
)
def test_unknown_shapes_are_left_open(model: nn.Module) -> None:
    read(model._repr_html_())
    assert all(shape == "N × 3" for shape in output_shapes(model).values())


def test_looking_leaves_the_model_as_it_was() -> None:
    model = net()
    model[1].eval()
    before = [module.training for module in model.modules()]
    state = {name: array.tobytes() for name, array in model.state_dict().items()}
    model._repr_html_()
    assert [module.training for module in model.modules()] == before
    assert {name: array.tobytes() for name, array in model.state_dict().items()} == state


def test_the_table_says_what_the_model_is() -> None:
    texts = read(net()._repr_html_()).texts
    assert texts[0] == "Sequential of 5 layers, 56 parameters"
    assert {"2.1", "p=0.5", "N\u00a0×\u00a08", "32", "N is the number of rows."} <= set(texts)
    assert "In evaluation mode." in " ".join(read(nn.ReLU().eval()._repr_html_()).texts)


def test_a_deep_model_shows_its_ends() -> None:
    model = nn.Sequential(*(nn.Linear(2, 2) for _ in range(100)))
    texts = read(model._repr_html_()).texts
    assert f"{100 - MOST_LAYERS} layers more" in texts and "240" in texts and "99" in texts and "50" not in texts


def test_names_of_a_user_are_text() -> None:
    evil = type("<script>", (Own,), {"extra_repr": lambda self: "<b>"})
    model = nn.Sequential({"<i>": evil()})
    page = read(model._repr_html_())
    assert not {"i", "b"} & page.seen and {"<i>", "<script>", "<b>"} <= set(page.texts)
