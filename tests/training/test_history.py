"""The history as rows, as a picture and as a card."""

from __future__ import annotations

import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from sklon._base import canvas
from sklon._base.errors import InputError
from sklon.training import History
from sklon.training.curves import best_epoch
from tests.markup import read

NAN = float("nan")


def history(epochs: int = 6, *, watched: bool = True, **more: list[float]) -> History:
    found = History()
    for i in range(epochs):
        row: dict[str, float] = {"epoch": i + 1, "step": 10 * (i + 1), "train_loss": 1 / (i + 1)}
        if watched:
            row["validation_loss"] = 0.5 + (i - 3) ** 2 / 10
        found.append({**row, **{name: values[i] for name, values in more.items()}, "seconds": 0.5 * i})
    return found


def text(svg: str) -> str:
    """The words in a picture."""
    return " ".join(ElementTree.fromstring(svg).itertext())


def test_the_best_epoch_is_the_first_with_the_least_validation_loss() -> None:
    rows = [{"epoch": i + 1, "validation_loss": v} for i, v in enumerate([NAN, 0.4, 0.3, 0.3])]
    assert best_epoch(rows) == 3
    assert best_epoch([{"epoch": 1, "train_loss": 0.5}]) is None


def test_a_plot_names_its_curves_and_marks_the_best_epoch() -> None:
    words = text(history().plot()._repr_svg_())
    assert all(word in words for word in ("training", "validation", "best: epoch 4", "epoch", "loss"))
    assert "penalty" not in words and "learning rate" not in words


def test_what_was_recorded_beside_the_losses_has_a_panel() -> None:
    plain, beside = history().plot(), history(penalty=[1.0] * 6, lr=[0.1] * 6).plot()
    words = text(beside._repr_svg_())
    assert "penalty" in words and "learning rate" in words
    assert (len(plain.heights), len(beside.heights)) == (1, 3)


@pytest.mark.parametrize(
    "shown",
    [history(1), history(1, watched=False), history(watched=False), history(3, penalty=[NAN, 1.0, 2.0])],
    ids=["one epoch", "one epoch, no validation", "no validation", "not a number"],
)
def test_any_history_can_be_drawn(shown: History) -> None:
    page = read(shown._repr_html_())
    assert "svg" in page.seen and "table" in page.seen


def test_steep_losses_have_plain_numbers_on_a_logarithmic_axis() -> None:
    steep = History()
    for i in range(9):
        steep.append({"epoch": i + 1, "train_loss": 10.0**-i})
    words = text(steep.plot()._repr_svg_())
    assert "0.01" in words.split() and "$" not in words


def test_a_plot_keeps_what_it_was_made_of() -> None:
    growing = history(2)
    picture = growing.plot()
    growing.append({"epoch": 3, "train_loss": 0.1, "validation_loss": 0.0})
    assert "best: epoch 2" in text(picture._repr_svg_())


@pytest.mark.parametrize("name", ["curve.svg", "curve.PNG"])
def test_a_plot_is_saved_and_the_same_history_gives_the_same_bytes(name: str, tmp_path: Path) -> None:
    path = history().plot().save(tmp_path / name)
    content = path.read_bytes()
    assert content.startswith(b"<svg" if name.endswith("svg") else b"\x89PNG")
    assert history().plot().save(tmp_path / name).read_bytes() == content
    if name.endswith("svg"):
        ElementTree.fromstring(content)
        assert b"var(" not in content and b"currentColor" not in content


def test_no_figure_is_left_behind() -> None:
    history().plot()._repr_svg_()
    pyplot = pytest.importorskip("matplotlib.pyplot")
    assert pyplot.get_fignums() == []


def test_other_endings_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"saved as \.svg or \.png, not 'curve\.jpg'"):
        history().plot().save(tmp_path / "curve.jpg")


def test_an_empty_history_has_no_plot() -> None:
    with pytest.raises(InputError, match="no epochs yet; call fit first"):
        History().plot()
    assert "no epochs yet" in read(History()._repr_html_()).texts


def test_without_matplotlib_the_plot_says_so_and_the_card_is_a_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(canvas, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install 'sklon\[table\]'"):
        history().plot()
    page = read(history()._repr_html_())
    assert "table" in page.seen and "svg" not in page.seen


def test_the_card_shows_the_last_rows() -> None:
    texts = read(history(12)._repr_html_()).texts
    assert texts[0] == "History of 12 epochs, the best one is 4"
    cells = set(texts)
    assert {"train loss", "validation loss", "12", "120", "0.08333", "8"} <= cells and "70" not in cells


def test_names_of_columns_are_text_in_the_card() -> None:
    evil: Any = {"epoch": 1, "train_loss": 1.0, "<b>&": 2.0}
    one = History()
    one.append(evil)
    card = one._repr_html_()
    assert "&lt;b&gt;&amp;" in card and "b" not in read(card).seen
