"""The page in a browser: frames a second, and how soon each control acts.

    python -m benchmarks.page [--seconds 5] [--rounds 3] [--only width optimizer] [--beside b.optimizer=sgd]

The server and Chromium share the machine; the disk cache of programs is off. A playground is opened for each control,
and trains at 1000 steps a second while the control is turned as people do: a slider by keyboard and by dragging it with
the mouse, a menu, a field. The frames a second of the beginning are those of one run, or of the second one of two with
``--beside``.

A control's effect is the first frame that was computed under the new setting: the first step taken under it, or the
first picture of the training that it has begun anew; where it ends the training, that the page says so. Its time runs
from the browser's own input event to the animation frame in which the canvas was drawn, whose ``data-settings`` is a
digest of what was set. A control that acts from the next epoch on is waited for until then; an epoch is 7 steps. Of a
drag the last position counts, from the movement that reached it; the positions on the way need not be drawn. "First"
are the times of values that were never set before, "again" those of a value to which one comes back. Beside the
controls: "Step" and "Restart" (the press, to the first frame of another step or start), "Rewind" (letting go, to the
frame of that step), "Play" and "Pause" (to the first frame that moves, and to the last one).

The stall is the longest time for which the server answered nobody while another reader opened the playground.

Aims: 30 frames a second, an effect within 100 ms.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from statistics import median
from threading import Event, Thread
from typing import Any
from urllib.request import urlopen

from sklon.lab.controls import Choice
from sklon.lab.page.knobs import OWN
from sklon.lab.page.scene import digest
from sklon.lab.page.sliding import Scale
from sklon.lab.playground import CONTROLS, Row, settled
from tests.chromium import NO_CHROMIUM, arguments, chromium

#: writes down every animation frame in which the canvas was another one, every input and every press, with its time
RECORD = """() => {
  const canvas = [...document.querySelectorAll('.boundary canvas')].at(-1);
  const log = window.log = { frames: [], ends: [], inputs: [], presses: [] };
  const of = () => [+canvas.dataset.step, +canvas.dataset.settings];
  let last = [], now = performance.now;
  new MutationObserver(() => log.frames.push([performance.now(), ...of()]))
    .observe(canvas, { attributeFilter: ['data-step', 'data-settings'] });
  new MutationObserver(() => log.ends.push([performance.now()]))
    .observe(document.querySelector('.ended'), { childList: true, characterData: true, subtree: true });
  const given = (event) => event.target.name &&
    log.inputs.push([event.timeStamp, event.target.name, event.target.value]);
  document.addEventListener('input', given, true);
  document.addEventListener('change', (event) => { if (event.target.type === 'number') given(event); }, true);
  document.addEventListener('click', (event) => log.presses.push([event.timeStamp]), true);
  document.addEventListener('change', (event) => {
    if (event.target.closest('.rewind')) log.presses.push([event.timeStamp]);
  }, true);
}"""
#: milliseconds after which an effect is given up; seconds between two acts
PATIENCE, REST = 5_000, 0.35
AIM = 100
#: controls that may end the run: each of their values is set in a playground of its own
ENDING = ("epochs", "stopping")
#: steps a second, and what makes a run long enough
PACE, LONG = 1000, "epochs=10000"


@dataclass
class Times:
    """Milliseconds to an effect, when it was new and when it was there before."""

    name: str
    first: list[float] = field(default_factory=list)
    again: list[float] = field(default_factory=list)
    dragged: list[float] = field(default_factory=list)

    @property
    def all(self) -> list[float]:
        return [*self.first, *self.again, *self.dragged]

    def line(self) -> str:
        """A row of the table: median, worst, and the medians of each kind."""
        parts = [median(self.all), max(self.all), *(median(t) if t else None for t in self._kinds)]
        cells = "".join(f"{'–' if part is None else f'{part:.0f}':>9}" for part in parts)
        return f"{self.name:<16}{cells}"

    @property
    def _kinds(self) -> tuple[list[float], ...]:
        return self.first, self.again, self.dragged


HEAD = f"{'ms':<16}{'median':>9}{'worst':>9}{'first':>9}{'again':>9}{'dragged':>9}"


@contextmanager
def served() -> Iterator[str]:
    """A server, by its address."""
    command = [sys.executable, "-m", "sklon", "lab", "--no-browser", "--port", "0"]
    environment = os.environ | {"SKLON_CACHE": "off"}
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment)
    assert process.stderr is not None
    line = next(line for line in process.stderr if "http://" in line)
    try:
        yield "http://" + line.split("http://")[1].split("/")[0]
    finally:
        process.terminate()
        process.communicate()


class Reader:
    """Somebody before the playground, who turns one thing at a time and returns to the defaults."""

    def __init__(self, page: Any, address: str) -> None:
        self.page, self.address = page, address

    def begin(self, beside: str = "") -> None:
        """Open a playground with the defaults, and a second run where there is to be one; wait until it trains."""
        page = self.page
        if page.url.startswith(self.address):
            page.evaluate("sessionStorage.clear()")  # else the tab may go on with the training that it has left
        page.goto(f"{self.address}/en/playground?pace={PACE}&{LONG}&{beside}")
        page.wait_for_function("+document.querySelector('.curve .drawing')?.dataset.points > 3")
        page.evaluate(RECORD)

    # ---- what is set
    def set(self, row: Row, value: Any) -> float:
        """Give a control a value; milliseconds to its effect."""
        at = self.page.locator(f"[name={row.name}]")
        self._forget()
        if isinstance(row.control, Choice):
            at.select_option(str(value))
        elif row.name == "seed":
            at.fill(str(value))
            at.press("Enter")
        else:
            position = Scale.of(row).position(value)
            at.evaluate("(input, to) => { input.value = to }", position - 1)
            at.press("ArrowRight")
        return self._effect(row)

    def set_anew(self, row: Row, value: Any) -> float:
        """The same, in a playground of its own."""
        self.begin()
        return self.set(row, value)

    def drag(self, row: Row) -> float:
        """Drag a slider over a third of its length; milliseconds from the movement that reached its end."""
        at = self.page.locator(f"[name={row.name}]")
        at.scroll_into_view_if_needed()
        box = at.bounding_box()
        y, left, width = box["y"] + box["height"] / 2, box["x"], box["width"]
        share = self._share(at)
        self.page.mouse.move(left + 8 + share * (width - 16), y)
        self.page.mouse.down()
        aim = share + (0.3 if share < 0.5 else -0.3)
        self._forget()
        for i in range(1, 13):
            self.page.mouse.move(left + 8 + (share + (aim - share) * i / 12) * (width - 16), y)
            time.sleep(0.016)
        taken = self._effect(row)
        self.page.mouse.up()
        return taken

    def _share(self, at: Any) -> float:
        return float(at.evaluate("i => (i.value - i.min) / (i.max - i.min)"))

    def _effect(self, row: Row) -> float:
        """Milliseconds from the last input to the first frame under what it says."""
        deadline = time.perf_counter() + PATIENCE / 1000
        while time.perf_counter() < deadline:
            inputs, frames, ends = self.page.evaluate("[log.inputs, log.frames, log.ends]")
            mine = [(when, text) for when, name, text in inputs if name == row.name]
            if mine:
                wanted = digest(settled({"epochs": 10_000, row.name: self._read(row, mine[-1][1])})[0])
                first = next((w for w, text in mine if text == mine[-1][1]), mine[-1][0])
                seen = [when for when, _, settings in frames if settings == wanted] + [when for (when,) in ends]
                if after := [when - first for when in seen if when >= first]:
                    time.sleep(REST)
                    return float(min(after))
            time.sleep(0.01)
        return float("inf")

    def _read(self, row: Row, text: str) -> Any:
        slides = not isinstance(row.control, Choice) and row.name != "seed"
        return Scale.of(row).value(int(text)) if slides else text

    def _forget(self) -> None:
        self.page.evaluate("() => { log.frames.length = log.ends.length = log.inputs.length = log.presses.length = 0 }")

    # ---- what is pressed
    def press(self, name: str, seen: Callable[[int, int], bool]) -> float:
        """Press a button; milliseconds to the first frame whose step ``seen`` accepts, beside the step before."""
        before = int(self.page.locator(".boundary canvas").get_attribute("data-step"))
        self._forget()
        self.page.get_by_role("button", name=name, exact=True).click()
        return self._first(lambda step: seen(step, before))

    def _first(self, accepts: Callable[[int], bool]) -> float:
        deadline = time.perf_counter() + PATIENCE / 1000
        while time.perf_counter() < deadline:
            presses, frames = self.page.evaluate("[log.presses, log.frames]")
            for when, step, _ in frames if presses else ():
                if when >= presses[0][0] and accepts(step):
                    return float(when) - float(presses[0][0])
            time.sleep(0.01)
        return float("inf")

    def pause(self) -> float:
        """Milliseconds from the press of "Pause" to the last frame that moved."""
        self._forget()
        self.page.get_by_role("button", name="Pause", exact=True).click()
        time.sleep(2 * REST)
        presses, frames = self.page.evaluate("[log.presses, log.frames]")
        moved = [after[0] for before, after in pairwise(frames) if after[1] != before[1]]
        return max([0.0, *(float(when) - float(presses[0][0]) for when in moved)])

    def rewind(self, share: float) -> float:
        """Let go of the rewind slider at a share of its way; milliseconds to the frame of that step."""
        at = self.page.locator(".rewind input")
        self._forget()
        target = at.evaluate(
            "(input, share) => { input.value = Math.round(share * input.max); "
            "for (const kind of ['input', 'change']) input.dispatchEvent(new Event(kind, { bubbles: true })); "
            "return +input.value }", share,
        )  # fmt: skip
        return self._first(lambda step: step == target)

    def watch(self, seconds: float) -> tuple[float, float, int]:
        """(frames a second, longest pause in ms, points of the curve)."""
        self._forget()
        time.sleep(seconds)
        times = [time for time, *_ in self.page.evaluate("log.frames")]
        pauses = [b - a for a, b in pairwise(times)]
        points = int(self.page.locator(".curve .drawing").get_attribute("data-points"))
        return 1000 * (len(times) - 1) / (times[-1] - times[0]), max(pauses), points


def other_values(row: Row, rounds: int) -> list[Any]:
    """Values of a control that are not its default: every option, or some positions of its slider."""
    if isinstance(row.control, Choice):
        return [option for option in row.control.options if option not in (row.control.default, OWN)]
    if row.name == "seed":
        return list(range(1, rounds + 1))
    scale = Scale.of(row)
    away = [scale.low + 1 + (scale.high - scale.low - 1) * i // (rounds + 1) for i in range(1, rounds + 1)]
    values = {scale.value(max(scale.low + 1, position)): None for position in away}
    return [value for value in values if value != row.control.default]


def measured(reader: Reader, row: Row, rounds: int) -> Times:
    """One control: values that are new, then the first of them again, then drags. The default is set at the end."""
    times = Times(row.name)
    values = other_values(row, rounds)
    if row.name in ENDING:
        times.first = [reader.set_anew(row, value) for value in values]
        times.again = [reader.set_anew(row, values[0]) for _ in range(rounds)]
        return times
    reader.begin()
    times.first = [reader.set(row, value) for value in values]
    for _ in range(rounds):
        times.again += [reader.set(row, values[0]), reader.set(row, row.control.default)]
    if not isinstance(row.control, Choice) and row.name != "seed":
        times.dragged = [reader.drag(row) for _ in range(rounds)]
        reader.set(row, row.control.default)
    return times


def buttons(reader: Reader, rounds: int) -> list[Times]:
    """Restart while it plays; pause, play; then step, and rewinds."""
    reader.begin()
    found = {name: Times(name) for name in ("Restart", "Pause", "Play", "Step", "Rewind")}
    for _ in range(3 * rounds):
        time.sleep(REST)
        found["Restart"].again.append(reader.press("Restart", lambda step, before: step < before))
    for _ in range(rounds):
        time.sleep(REST)
        found["Pause"].again.append(reader.pause())
        found["Play"].again.append(reader.press("Go on", lambda step, before: step > before))
    time.sleep(3)
    reader.pause()
    for i in range(3 * rounds):
        time.sleep(REST / 2)
        found["Rewind"].again.append(reader.rewind(0.1 + 0.8 * (i % 2)))
    for _ in range(3 * rounds):
        time.sleep(REST / 2)
        found["Step"].again.append(reader.press("Step", lambda step, before: step == before + 1))
    return list(found.values())


def stall(address: str, opens: Callable[[], object]) -> tuple[float, float]:
    """The longest time in ms of a small answer: while nothing else happens, and while ``opens`` opens a page."""
    over, longest = Event(), [0.0]

    def ask() -> None:
        while not over.is_set():
            start = time.perf_counter()
            with urlopen(f"{address}/progress.json") as answer:
                answer.read()
            longest[0] = max(longest[0], 1000 * (time.perf_counter() - start))
            time.sleep(0.002)

    thread = Thread(target=ask)
    thread.start()
    time.sleep(1)
    calm, longest[0] = longest[0], 0.0
    opens()
    time.sleep(0.5)
    over.set()
    thread.join()
    return calm, longest[0]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--only", nargs="*", default=[row.name for row in CONTROLS], metavar="CONTROL")
    parser.add_argument("--beside", default="", help="what a second run has instead, as in the address of the page")
    given = parser.parse_args()
    if chromium() is None:
        sys.exit(NO_CHROMIUM)
    from playwright.sync_api import sync_playwright

    with served() as address, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=arguments())
        page = browser.new_page(viewport={"width": 1280, "height": 900})
        reader = Reader(page, address)
        reader.begin(given.beside)
        print(f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
        frames, pause, points = reader.watch(given.seconds)
        print(
            f"boundary 64 × 64, a curve of {points} points: {frames:.1f} frames a second, longest pause {pause:.0f} ms"
        )
        print(HEAD)
        rows = [row for row in CONTROLS if row.name in given.only]
        found = [told(measured(reader, row, given.rounds)) for row in rows]
        found += [told(times) for times in buttons(reader, given.rounds)]
        print(f"within {AIM} ms: {share(found)}")
        page.goto("about:blank")
        calm, busy = stall(address, lambda: browser.new_page().goto(f"{address}/en/playground"))
        print(f"longest wait of others: {busy:.0f} ms while a playground is opened, {calm:.0f} ms before")
        browser.close()


def told(times: Times) -> Times:
    """Print a row as soon as it is there."""
    print(times.line(), flush=True)
    return times


def share(found: Sequence[Times]) -> str:
    """How many of all effects came in time."""
    every = [time for times in found for time in times.all]
    return f"{sum(time <= AIM for time in every)} of {len(every)}, median {median(every):.0f} ms"


if __name__ == "__main__":
    main()
