"""MNIST by the Python API, where the data are at hand."""

from __future__ import annotations

import pytest

from benchmarks.scores import DATA, measure_mnist


@pytest.mark.skipif(not (DATA / "mnist").is_dir(), reason="the shared data sets are not beside this checkout")
def test_a_plain_network_reads_digits() -> None:
    accuracy, _ = measure_mnist(DATA / "mnist", epochs=6)
    assert accuracy >= 0.975
