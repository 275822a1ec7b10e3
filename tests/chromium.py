"""The browser of the tests: the Chromium that the system has. None is ever downloaded."""

from __future__ import annotations

import os
import shutil

#: the names under which systems install it
NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
NO_CHROMIUM = "Chromium is not installed: the tests that drive a page in a browser are skipped"


def chromium() -> str | None:
    """Where it is."""
    return next((found for name in NAMES if (found := shutil.which(name))), None)


def arguments() -> list[str]:
    """What it is started with: its sandbox does not work for root."""
    root = hasattr(os, "geteuid") and os.geteuid() == 0
    return ["--disable-gpu", *(["--no-sandbox"] if root else [])]
