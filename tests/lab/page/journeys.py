"""Three people before the page, from the first look to what they take away: a student, one with a table, an engineer.

Each walk is a function of a visit, and asserts what its visitor would see at every station. At the stations of which
someone may want a picture it calls ``visit.seen``: the tests look whether all can be used there, ``pictures.py``
photographs the README's. Everything follows from seeds, so the same walk ends at the same pictures.
"""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

from sklon.lab.catalogue import find
from sklon.lab.learning import ProgressFile
from sklon.lab.page import inside, learner_words, live, museum, own, takeaway, words
from sklon.lab.page.knobs import ROWS
from sklon.lab.page.sliding import Scale
from sklon.lab.text import Language, Text

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.lab.page.conftest import Served

CANVAS = ".boundary canvas"
#: what each language's browser asks for
LOCALES: dict[Language, str] = {"en": "en-GB", "ru": "ru-RU"}
#: rows of the table, few enough that a large network learns them by heart
ROWS_OF_TABLE = 200
#: scrolls the table of layers on a narrow page so that the activations stand beside the names of the layers
ACTIVATIONS_FIRST = """table => {
  const heads = table.querySelectorAll('th');
  table.scrollTo(heads[5].offsetLeft - heads[0].offsetWidth, 0);
}"""


@dataclass(frozen=True, slots=True)
class Visit:
    """One visitor: a page, its server, a folder of files and one where programs keep what they compile.

    ``seen`` is told the name of a station, and what is to stand at the top of a picture of it.
    """

    page: Page
    served: Served
    language: Language
    folder: Path
    cache: Path
    seen: Callable[[str, str], None]

    def open(self, path: str) -> None:
        """Go to a page, and wait until it listens."""
        self.page.goto(self.served.address + path)
        self.here()

    def here(self) -> None:
        """Wait until the page listens."""
        self.page.wait_for_selector("h1")
        self.page.wait_for_function("window.did_handshake && window.socket.connected")

    def press(self, name: Text, within: str = "body") -> None:
        """Press a button."""
        self.page.locator(within).get_by_role("button", name=name.of(self.language), exact=True).click()

    def switched(self) -> Language:
        """Press the other language; which one it is."""
        other: Language = "ru" if self.language == "en" else "en"
        self.page.get_by_role("link", name=words.NAMES[other]).click()
        self.page.wait_for_selector(f"html[lang={'ru' if other == 'ru' else 'en-US'}]")
        self.here()
        return other

    def written(self, number: str) -> str:
        """A number as people write it in the language of the page."""
        return number.replace(".", ",") if self.language == "ru" else number

    def taken(self, file: str) -> str:
        """The text of a file that is taken away from the playground."""
        label = next(label for label, name, _ in takeaway.FILES if name == file)
        with self.page.expect_download() as download:
            self.press(label)
        assert download.value.suggested_filename == file
        return Path(download.value.path()).read_text(encoding="utf-8")

    def step_is(self, step: int) -> None:
        """Wait until a step is drawn."""
        self.page.wait_for_selector(f"{CANVAS}[data-step='{step}']")

    def slide(self, name: str, value: float) -> None:
        """Move the slider of a setting to a value, and let it go."""
        self.move(f"[name={name}]", Scale.of(ROWS[name]).position(value))

    def move(self, slider: str, position: int) -> None:
        """Move a slider, and let it go."""
        self.page.locator(slider).evaluate(
            "(input, to) => { input.value = to; for (const name of ['input', 'change']) "
            "input.dispatchEvent(new Event(name)); }",
            position,
        )


def study(visit: Visit) -> None:
    """Finds a question, commits a prediction, steps to the badge, and a month later is asked for the same number."""
    page, language = visit.page, visit.language
    visit.open("/")
    assert page.url == f"{visit.served.address}/{language}/", "the browser's language chooses"
    visit.seen("first page", "body")
    question, _ = find("E7")
    page.locator(f".topics a[href$='/{question.slug}']").click()
    visit.here()
    assert question.answers[language].misconception and page.locator("aside p").first.is_visible()
    badges = page.locator("[data-claim^='E7/']")
    assert set(badges.all_inner_texts()) == {"?"}

    visit.press(learner_words.PREDICT, "#E7")
    page.locator("#E7 .typed input").fill(visit.written("0.5"))
    visit.press(learner_words.COMMIT, "#E7")
    page.wait_for_selector("#E7 .committed[data-status=committed]")
    frame = 0
    while page.locator("#E7 .status:not([data-status=pass])").count():
        frame += 1
        visit.press(words.STEP, "#E7")
        page.wait_for_selector(f"#E7 .status:is([data-step='{frame}'],[data-status=pass])")
    assert frame > 5, "it came frame by frame"
    page.wait_for_selector("#E7 .verdict.right")
    assert page.locator("[data-claim^='E7/'][data-status=pending]").count() == 0
    assert any(visit.written("0.5138") in said for said in page.locator("#E7 .badge").all_inner_texts())
    assert page.locator("#E7 .again").inner_text() and page.locator("#E7 .result svg").count() == 1
    visit.seen("verdict", "#E7" if _is_wide(page) else "#E7 .predict")

    learner = ProgressFile(visit.served.progress)
    (review,) = learner.read().reviews
    assert (review.item, review.given) == ("E7/momentum-power", 0.5)
    _let_a_month_pass(learner)
    page.get_by_role("link", name=words.PRACTICE.of(language)).click()
    page.wait_for_selector("[data-item='E7/momentum-power']")
    page.locator(".typed input").fill(visit.written("0.5"))
    page.keyboard.press("Enter")
    page.wait_for_selector(".verdict.right")
    assert [one.item for one in learner.read().reviews] == ["E7/momentum-power"] * 2
    visit.seen("practised", "body")
    other = visit.switched()
    page.wait_for_selector("[data-item]:not([data-item='E7/momentum-power'])")
    assert words.PRACTICE.of(other) == page.locator("h1").inner_text()
    assert re.search(r"\b1\b", page.locator(".standing").inner_text()), "one item was begun, in any language"


def table(visit: Visit) -> None:
    """Trains on two columns of an own file, sees them learned by heart, and turns what helps against it."""
    page = visit.page
    rows = real_table(visit.folder / "clinic.csv")
    visit.open(
        f"/{visit.language}/playground?mode=step&pace=fastest&activation=relu&width=64&depth=3&learning_rate=0.01"
        "&epochs=600"
    )
    visit.step_is(0)
    page.locator("summary", has_text=own.TITLE.of(visit.language)).click()
    page.locator("input[type=file]").set_input_files(visit.folder / "clinic.csv")
    visit.press(own.USE)
    page.wait_for_selector(".views .caption:has-text('bmi')")
    visit.step_is(0)
    by_heart = _trained(visit)
    assert len(by_heart) == 600 and by_heart[-1] > 1.2 * min(by_heart), "the test gets worse while training goes on"

    visit.slide("l2", 0.03)
    page.locator("[name=stopping]").select_option("patience(20)")
    page.wait_for_url(lambda url: "l2=" in url and "stopping=" in url)
    visit.press(live.RESTART)
    visit.step_is(0)
    stopped = _trained(visit)
    assert len(stopped) < 100 and stopped[-1] < by_heart[-1], "it ends in time, and is better"
    visit.seen("fitted", "section:has(.knobs)" if _is_wide(page) else ".stage")

    assert visit.taken("playground.svg").startswith("<svg")
    data = list(csv.DictReader(io.StringIO(visit.taken("playground-data.csv"))))
    assert len(data) == ROWS_OF_TABLE and set(data[0]) == {"bmi", "progression", "test"}
    link = parse_qs(urlsplit(page.url).query)
    assert link["data"] == ["own"] and set(link) <= {*ROWS, live.MODE, live.SPEED}, "the settings, and nothing else"
    measured = {str(value) for row in rows for value in row}
    assert not measured & {value for values in link.values() for value in values}


def engineer(visit: Visit) -> None:
    """Opens a link, looks inside, breaks the first weights, goes back, and runs what the page hands out."""
    page, language = visit.page, visit.language
    query = "data=spirals&activation=relu&width=16&depth=4&initialisation=kaiming_normal&batch_size=full&optimizer=sgd"
    visit.open(f"/{language}/playground?mode=step&{query}&learning_rate=0.2")
    visit.step_is(0)
    assert page.locator("[name=initialisation]").input_value() == "kaiming_normal"
    for summary in (inside.LAYERS, inside.WEIGHTS):
        page.locator("summary", has_text=summary.of(language)).first.click()
    for step in (1, 2):
        visit.press(words.STEP)
        visit.step_is(step)
    alive = _layers(visit, 2)
    assert len(alive) == 5 and all(row["gradient"] > 0.01 for row in alive.values()), "every layer learns"
    assert max(row["dead"] for row in alive.values()) < 50

    page.locator("[name=initialisation]").select_option("normal_1")
    page.wait_for_url("**initialisation=normal_1**")
    visit.step_is(0)
    for step in range(1, 8):
        visit.press(words.STEP)
        visit.step_is(step)
    broken = _layers(visit, 7)
    assert max(row["dead"] for row in broken.values()) > 80, "most units of a layer are silent for all rows"
    assert broken["1"]["gradient"] < alive["1"]["gradient"] / 10, "so little or nothing comes through"
    page.locator(".inside .scroll").evaluate(ACTIVATIONS_FIRST)
    visit.seen("inside", ".inside-network")

    visit.move(".rewind input", 3)
    visit.step_is(3)
    curves = list(csv.DictReader(io.StringIO(visit.taken("playground-curves.csv"))))
    settings = json.loads(visit.taken("playground.json"))
    assert settings["step"] == len(curves) == 3 and settings["settings"]["initialisation"] == "normal_1"
    printed = _run(visit, visit.taken("playground.py"))
    assert printed["testing loss"] == float(curves[-1]["test_loss"]), "the program ends at the page's bits"

    fault = next(one for one in museum.exhibits() if one.key == "E15c/gradient-through-silence")
    page.get_by_role("link", name=words.MUSEUM.of(language)).click()
    page.locator(f".museum a[href$='{fault.key}']").click()
    page.wait_for_selector(".exhibit .status[data-status=pass]")
    assert page.locator(".checks .fails").count() >= len(fault.fault.breaks) and page.locator(".exhibit svg").count()
    visit.seen("fault", "body")


JOURNEYS: Mapping[str, Callable[[Visit], None]] = {"study": study, "table": table, "engineer": engineer}


def real_table(path: Path) -> list[tuple[float, float]]:
    """Body mass index and progression of diabetes (Efron et al., 2004, Annals of Statistics 32) as a CSV file."""
    from sklearn.datasets import load_diabetes

    found = load_diabetes(scaled=False)
    column = found.feature_names.index("bmi")
    rows = [(float(x[column]), float(y)) for x, y in zip(found.data, found.target, strict=True)][:ROWS_OF_TABLE]
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([("bmi", "progression"), *rows])
    return rows


def _is_wide(page: Page) -> bool:
    return bool(page.evaluate("window.innerWidth > 704"))


def _let_a_month_pass(learner: ProgressFile) -> None:
    """What was answered was answered a month ago."""
    before = learner.read().reviews
    learner.path.unlink()
    learner.add([replace(review, time=review.time - timedelta(days=30)) for review in before])


def _trained(visit: Visit) -> list[float]:
    """Train until the run ends by itself; the test losses of its epochs."""
    visit.press(live.GO_ON)
    visit.page.wait_for_selector(".ended:not(:empty)")
    visit.page.wait_for_selector(f"button:has-text('{live.GO_ON.of(visit.language)}')")
    rows = csv.DictReader(io.StringIO(visit.taken("playground-curves.csv")))
    return [float(row["test_loss"]) for row in rows]


def _layers(visit: Visit, step: int) -> dict[str, dict[str, float]]:
    """What the table says of each layer at a step: the norm of its gradient, and its dead units in per cent."""
    visit.page.wait_for_selector(f".inside[data-step='{step}'] tbody")
    found = {}
    for row in visit.page.locator(".inside tbody tr").all():
        cells = [cell.replace(",", ".").removesuffix("%").strip() for cell in row.locator("th, td").all_inner_texts()]
        found[cells[0]] = {"gradient": float(cells[2]), "dead": 0.0 if cells[6] == "–" else float(cells[6])}
    return found


def _run(visit: Visit, script: str) -> dict[str, float]:
    """Run a program in a process of its own; the numbers that it prints, by their names."""
    (visit.folder / "playground.py").write_text(script, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "playground.py"], cwd=visit.folder, capture_output=True, text=True, timeout=120, check=True,
        env=os.environ | {"SKLON_CACHE": str(visit.cache)},
    )  # fmt: skip
    return {name: float(value) for name, _, value in (line.rpartition(" ") for line in done.stdout.splitlines())}
