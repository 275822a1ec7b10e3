"""The page as a user has it: the command in a process of its own, and one browser, once for all tests."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import pytest

from tests.chromium import arguments, chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page, Request

WIDE, NARROW = 1280, 390
HEIGHT = 844
#: seconds after which the server is given up
PATIENCE = 60
#: where the page is, as a whole line says it
ADDRESS = re.compile(r"(http://[^/\s]+)/.*\n")


@dataclass
class Served:
    """A running server with a learner of its own. ``said`` is what it writes to standard error after its address."""

    process: subprocess.Popen[bytes]
    address: str
    home: TemporaryDirectory[str]
    said: str = ""

    @property
    def port(self) -> int:
        return int(self.address.rsplit(":", 1)[1])

    @property
    def progress(self) -> Path:
        """The learner's file; it need not be there."""
        return Path(self.home.name, "progress.json")

    def end(self) -> int:
        """Press Ctrl-C; the exit code."""
        self.process.send_signal(signal.SIGINT)
        code = self.process.wait(timeout=PATIENCE)
        self.said = _log(self.home).read_text(encoding="utf-8").partition(self.address)[2].partition("\n")[2]
        self.home.cleanup()
        return code


def serve(*words: str, program: tuple[str, ...] = ("-m", "sklon")) -> Served:
    """``sklon lab`` with a page, as soon as it says where it is; ``program`` is what Python runs."""
    home = TemporaryDirectory()
    own = {"SKLON_CACHE": "off", "SKLON_PROGRESS": str(Path(home.name, "progress.json")), "LC_ALL": "C.UTF-8"}
    with _log(home).open("w", encoding="utf-8") as log:  # a pipe that nobody reads would fill, and the server wait
        process = subprocess.Popen(
            [sys.executable, *program, "lab", "--no-browser", *words], stderr=log, env=os.environ | own
        )
    while not (found := ADDRESS.search(_log(home).read_text(encoding="utf-8"))):
        assert process.poll() is None, f"the server ended with {process.returncode}"
        time.sleep(0.02)
    return Served(process, found[1], home)


def _log(home: TemporaryDirectory[str]) -> Path:
    return Path(home.name, "log")


@pytest.fixture(scope="session", name="served")
def _served() -> Iterator[Served]:
    served = serve("--port", "0")
    yield served
    assert served.end() == 0


@pytest.fixture(scope="module", name="browser")
def _browser() -> Iterator[Browser]:
    """Not for longer than a module: while it is there, an event loop of its own runs in this thread."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=arguments())
        yield browser
        browser.close()


@pytest.fixture(scope="module", name="context")
def _context(browser: Browser) -> Iterator[BrowserContext]:
    context = browser.new_context(viewport={"width": NARROW, "height": HEIGHT}, locale="en-US")
    context.set_default_timeout(1000 * PATIENCE)
    yield context
    context.close()


@pytest.fixture(name="page")
def _page(context: BrowserContext, served: Served) -> Iterator[Page]:
    """A page on which nothing goes wrong, and from which nothing leaves the machine."""
    with watched(context.new_page(), served) as page:
        yield page


@contextmanager
def watched(page: Page, served: Served) -> Iterator[Page]:
    """Until the block ends, nothing may go wrong on a page, and nothing leave the machine."""
    wrong = list[str]()

    def leaves(request: Request) -> None:
        if not request.url.startswith((served.address, "data:", "blob:")):
            wrong.append(f"asked for {request.url}")

    page.on("request", leaves)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type in ("error", "warning") else None)
    yield page
    page.close()
    assert wrong == []
