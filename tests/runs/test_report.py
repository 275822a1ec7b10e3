"""The report: one file that needs no other, says three sentences first, and survives hostile names."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from sklon.runs import Run, train
from sklon.runs.sentences import summary

VOID = {"meta", "br", "path", "use", "rect"}


class Balanced(HTMLParser):
    """Fails on a tag that closes another than the last one opened."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.seen.add(tag)
        if tag not in {"meta", "br"}:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.seen.add(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open and self.open.pop() == tag


@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
def test_a_report_is_one_whole_file(task: str, run_of: Callable[[str], Run]) -> None:
    report = run_of(task).report
    page = Balanced()
    page.feed(report)
    page.close()
    assert page.open == [] and {"svg", "table", "style", "h1"} <= page.seen
    assert not {"script", "link", "img", "iframe"} & page.seen
    addresses = set(re.findall(r"(?:https?:)?//[\w./-]+", report))
    assert all(address.startswith("http://www.w3.org/") for address in addresses)
    assert "url(http" not in report and "@import" not in report


@pytest.mark.parametrize("task", ["regression", "binary", "multiclass"])
def test_a_report_opens_with_the_three_sentences(task: str, run_of: Callable[[str], Run]) -> None:
    run = run_of(task)
    places = [run.report.index(f"<p>{sentence}</p>") for sentence in summary(run.record)]
    assert places == sorted(places) and places[-1] < run.report.index("<svg")


def test_names_from_the_file_are_text_in_the_report() -> None:
    random = np.random.default_rng(0)
    evil, target = "<script>alert(1)</script> $x_1$", "a<b>&'\"$"
    source = {evil: random.normal(size=60), target: random.choice(["<i>", "&amp;", "$\\frac{$"], 60)}
    report = train(source, target=target, hidden="4", epochs=1, threads=1).report
    assert "<script" not in report and "<i>" not in report and "<b>" not in report
    assert "&lt;script&gt;" in report
    page = Balanced()
    page.feed(report)
    assert page.open == []
