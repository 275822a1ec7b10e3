"""What holds for all tests: no network, nothing kept from one to the next, PyTorch as the reference.

Examples are the same in every run, and each test compiles what it runs: the user's cache is not touched.
"""

from __future__ import annotations

import importlib.util
import os
import socket
from collections.abc import Iterator
from ipaddress import ip_address
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.chromium import NO_CHROMIUM, chromium

os.environ["SKLON_CACHE"] = "off"  # before any test is imported; tests of the cache name a folder of their own
os.environ["SCIPY_ARRAY_API"] = "1"  # before SciPy is imported: scikit-learn's checks of estimators ask for it

settings.register_profile(
    "sklon", deadline=None, derandomize=True, database=None, suppress_health_check=list(HealthCheck)
)
settings.load_profile("sklon")

NO_TORCH = "PyTorch is not installed: the tests that compare with it are skipped"


def _torch_is_there() -> bool:
    return importlib.util.find_spec("torch") is not None


def pytest_configure(config: pytest.Config) -> None:
    """Where tests decide what is merged, a missing reference is an error, and so is a missing browser."""
    if os.environ.get("CI") and not _torch_is_there():
        raise pytest.UsageError("PyTorch is not installed, and CI is set: the reference of the tests is missing")
    if os.environ.get("CI") and chromium() is None:
        raise pytest.UsageError("Chromium is not installed, and CI is set: the browser of the tests is missing")


def pytest_report_header() -> list[str]:
    """One line about each thing that is missing, and what will be skipped therefore."""
    return ([] if _torch_is_there() else [NO_TORCH]) + ([] if chromium() else [NO_CHROMIUM])


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that need a browser are skipped where there is none."""
    if chromium() is None:
        for item in items:
            if item.get_closest_marker("browser"):
                item.add_marker(pytest.mark.skip(reason=NO_CHROMIUM))


@pytest.fixture(autouse=True, scope="session")
def _no_network() -> Iterator[None]:
    """Nothing leaves the machine: only loopback and local sockets connect."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("connect", "connect_ex"):
            patch.setattr(socket.socket, name, _only_here(getattr(socket.socket, name)))
        yield


def _only_here(connect: Any) -> Any:
    def guarded(self: socket.socket, address: Any) -> Any:
        if self.family in (socket.AF_INET, socket.AF_INET6) and not _is_loopback(address[0]):
            raise RuntimeError(f"a test wants to reach {address[0]!r}; tests do not use the network")
        return connect(self, address)

    return guarded


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False
