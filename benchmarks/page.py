"""The page in a browser: frames a second of a boundary and a growing curve, and how soon a control acts.

    python -m benchmarks.page [--seconds 5] [--presses 20] [--query b.optimizer=sgd]

The server and Chromium share the machine. A control's effect is the time from the press of "Step" in the browser until
the canvas shows what the step has changed; of two runs side by side the second one's. Aims: 30 frames a second, an
effect within 100 ms.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from itertools import pairwise
from statistics import median
from typing import Any

from tests.chromium import NO_CHROMIUM, arguments, chromium

#: watches the canvas at every animation frame: when which step appeared
WATCH = """() => {
  const canvas = [...document.querySelectorAll('.boundary canvas')].at(-1), seen = window.seen = [];
  let last;
  const look = () => {
    if (canvas.dataset.step !== last) seen.push([performance.now(), +(last = canvas.dataset.step)]);
    requestAnimationFrame(look);
  };
  look();
}"""
#: presses "Step", and waits until its effect is drawn
PRESS = """() => new Promise(resolve => {
  const canvas = [...document.querySelectorAll('.boundary canvas')].at(-1), before = canvas.dataset.step;
  const button = document.querySelectorAll('.actions button')[1], start = performance.now();
  const look = () => canvas.dataset.step !== before ? resolve(performance.now() - start) : requestAnimationFrame(look);
  button.click();
  requestAnimationFrame(look);
})"""


def served() -> tuple[subprocess.Popen[str], str]:
    """A server and its address."""
    command = [sys.executable, "-m", "sklon", "lab", "--no-browser", "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    line = next(line for line in process.stderr if "http://" in line)
    return process, "http://" + line.split("http://")[1].split("/")[0]


def watch(page: Any, seconds: float) -> tuple[float, float, int]:
    """(frames a second, longest pause in ms, points of the curve)."""
    page.evaluate(WATCH)
    page.wait_for_timeout(1000 * seconds)
    times = [time for time, _ in page.evaluate("window.seen")][1:]
    pauses = [b - a for a, b in pairwise(times)]
    points = int(page.locator(".curve .drawing").get_attribute("data-points"))
    return 1000 * (len(times) - 1) / (times[-1] - times[0]), max(pauses), points


def press(page: Any, presses: int) -> list[float]:
    """Milliseconds from each press to its effect."""
    page.locator(".actions button").first.click()  # pause
    delays = []
    for _ in range(presses):
        page.wait_for_timeout(200)
        delays.append(page.evaluate(PRESS))
    return delays


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--presses", type=int, default=20)
    parser.add_argument("--query", default="", help="what the address says of settings")
    given = parser.parse_args()
    if chromium() is None:
        sys.exit(NO_CHROMIUM)
    from playwright.sync_api import sync_playwright

    process, address = served()
    try:
        with sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=chromium(), args=arguments())
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(f"{address}/en/playground?{given.query}")
            page.wait_for_function("+document.querySelector('.curve .drawing')?.dataset.points > 3")
            frames, pause, points = watch(page, given.seconds)
            delays = press(page, given.presses)
            browser.close()
    finally:
        process.terminate()
        process.communicate()
    print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    print(
        f"boundary 64 × 64 and a curve of {points} points: {frames:.1f} frames a second, longest pause {pause:.0f} ms"
    )
    print(f"a control's effect: median {median(delays):.0f} ms, longest {max(delays):.0f} ms of {len(delays)}")


if __name__ == "__main__":
    main()
