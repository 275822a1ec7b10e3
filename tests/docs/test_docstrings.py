"""The examples in the docstrings of the package run."""

from __future__ import annotations

import doctest
import importlib
import pkgutil
from collections.abc import Iterator

import pytest

import sklon
from sklon import manual_seed, set_num_threads


def module_names() -> list[str]:
    """Every module of the package."""
    return [sklon.__name__, *sorted(m.name for m in pkgutil.walk_packages(sklon.__path__, f"{sklon.__name__}."))]


@pytest.fixture(autouse=True)
def _settings_as_before() -> Iterator[None]:
    manual_seed(0)
    yield
    set_num_threads(None)


@pytest.mark.parametrize("name", module_names())
def test_the_examples_of_a_module_run(name: str) -> None:
    module = importlib.import_module(name)
    found = doctest.testmod(module, optionflags=doctest.NORMALIZE_WHITESPACE, report=True)
    assert found.failed == 0


def test_there_are_examples() -> None:
    finder = doctest.DocTestFinder(exclude_empty=True)
    modules = (importlib.import_module(name) for name in module_names())
    assert sum(len(test.examples) for module in modules for test in finder.find(module)) >= 20
