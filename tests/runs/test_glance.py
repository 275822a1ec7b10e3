"""The card of a run: its sentences, its scores, its curves, whole and escaped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from sklon._base import canvas
from sklon._base.notebook import written
from sklon.runs import Run, train
from sklon.runs.scores import METRICS
from sklon.runs.sentences import summary
from tests.markup import read


@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
def test_the_card_has_the_sentences_every_score_and_the_curves(task: str, run_of: Callable[[str], Run]) -> None:
    run = run_of(task)
    page = read(run._repr_html_())
    assert {"svg", "table", "style"} <= page.seen
    assert set(summary(run.record)) <= set(page.texts)
    for metric in METRICS[task]:
        assert written(run.record["scores"]["network"][metric.name]) in page.texts
    assert f"best: epoch {run.record['stopped']['best_epoch']}" in page.texts
    assert str(run.path) not in run._repr_html_()


def test_names_from_the_file_are_text_in_the_card() -> None:
    x = np.random.default_rng(0).normal(size=60)
    card = train({"<script>": x, "<u>&": 2 * x}, target="<u>&", hidden="4", epochs=1, threads=1)._repr_html_()
    assert "u" not in read(card).seen and "&lt;u&gt;&amp;" in card


def test_without_curves_the_card_is_words_and_numbers(
    run_of: Callable[[str], Run], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "svg" not in read(replace(run_of("binary"), history=())._repr_html_()).seen
    monkeypatch.setattr(canvas, "find_spec", lambda name: None)
    assert "svg" not in read(run_of("binary")._repr_html_()).seen
