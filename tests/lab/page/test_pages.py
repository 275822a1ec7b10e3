"""The pages in a browser: every question in both languages, what moves, what is set, and for whom it can be used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from sklon.lab import Question, all_questions
from sklon.lab.page import words
from sklon.lab.text import LANGUAGES, Language
from tests.lab.page.conftest import HEIGHT, NARROW, WIDE, Served

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

#: tables scroll by themselves; everything else has to fit
BROKEN = """() => {
  const all = (which) => [...document.querySelectorAll(which)], right = (one) => one.getBoundingClientRect().right;
  const told = (what, those) => those.map((one) => `${what}: ${one.textContent}`);
  const scrolls = ".math.block, .math.long", lines = "p, li, h1, h2, h3, h4, label, div";
  const cut = all(scrolls).filter((box) => box.scrollWidth > box.clientWidth + 1);
  const over = all("math").filter((math) => !math.closest(".scroll, " + scrolls)
    && right(math) > right(math.closest(lines)) + 1);
  const rows = (held) => new Set([...held.getClientRects()].map((part) => Math.round(part.bottom))).size;
  const torn = all(".held").filter((held) => rows(held) > 1);
  return [...told("cut", cut), ...told("over", over), ...told("torn", torn)];
}"""
QUESTIONS = [pytest.param(q, id=q.number) for q in all_questions()]


def open_page(page: Page, served: Served, path: str) -> None:
    """Go to a page, and wait until it is there and listens."""
    page.goto(served.address + path)
    page.wait_for_selector("h1")
    page.wait_for_function("window.did_handshake && window.socket.connected")


def violations(page: Page) -> list[str]:
    """What axe finds: rule, and the element that breaks it."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [f"{rule['id']}: {node['html'][:200]}" for rule in found for node in rule["nodes"]]


def violations_by_day_and_night(page: Page) -> list[str]:
    """What axe finds in light and in dark colours."""
    found = []
    for scheme in ("dark", "light"):
        page.emulate_media(color_scheme=scheme)
        found += [f"{scheme}: {violation}" for violation in violations(page)]
    return found


def broken_formulas(page: Page) -> list[str]:
    """The formulas that do not fit into their lines, and the brackets that stand in another line than their formula."""
    found: list[str] = page.evaluate(BROKEN)
    return found


def overflows(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > window.innerWidth"))


@pytest.mark.parametrize("question", QUESTIONS)
@pytest.mark.parametrize("language", LANGUAGES)
def test_every_question_is_there_in_every_language(
    question: Question, language: Language, page: Page, served: Served
) -> None:
    open_page(page, served, f"/{language}/{question.slug}")
    assert page.locator("h1").inner_text().startswith(f"{question.number} · ")
    assert page.locator("html").get_attribute("lang") in {"en": ("en-US",), "ru": ("ru",)}[language]
    for experiment in question.experiments:
        card = page.locator(f"#{experiment.number}")
        assert experiment.title.of(language) in card.locator("h2").inner_text()
        assert card.locator("button").first.is_enabled()
    assert page.locator("pre").count() >= 1 and page.locator(".sources a").count() == len(question.sources)
    assert not overflows(page) and broken_formulas(page) == []
    assert violations(page) == []


def test_a_formula_that_does_not_fit_is_found(page: Page, served: Served) -> None:
    open_page(page, served, "/en/batch-size")
    assert broken_formulas(page) == []
    page.add_style_tag(
        content=".math.block { width:3rem } .held { white-space:normal; word-spacing:0 } "
        ".held math { margin-left:15rem } td math { padding-left:30rem } p > .math { padding-left:30rem }"
    )
    assert {found.split(":")[0] for found in broken_formulas(page)} == {"cut", "over", "torn"}


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("path", ["", "playground?mode=step"])
def test_other_pages_can_be_used_by_everyone(
    path: str, language: Language, width: int, page: Page, served: Served
) -> None:
    page.set_viewport_size({"width": width, "height": HEIGHT})
    open_page(page, served, f"/{language}/{path}")
    assert violations_by_day_and_night(page) == [] and not overflows(page)


@pytest.mark.parametrize("width", [WIDE, NARROW])
@pytest.mark.parametrize("language", LANGUAGES)
def test_an_experiment_steps_to_its_badge(language: Language, width: int, page: Page, served: Served) -> None:
    page.set_viewport_size({"width": width, "height": HEIGHT})
    open_page(page, served, f"/{language}/directional-derivative?mode=step")
    card = page.locator("#E4")
    status, step = card.locator(".status"), card.get_by_role("button", name=words.STEP.of(language))
    assert status.get_attribute("data-status") == "idle"
    for frame in ("1", "2"):
        step.click()
        page.wait_for_selector(f"#E4 .status[data-status=running][data-step='{frame}']")
    assert page.locator("[data-claim^='E4/'][data-status=pass]").count() == 0
    step.click()
    page.wait_for_selector("#E4 .status[data-status=pass]")
    assert card.locator("svg").count() == 1 and card.locator("table .holds").count() >= 3
    assert page.locator("[data-claim^='E4/'][data-status=pass]").count() > 0
    assert page.locator("[data-claim^='E4/'][data-status=pending]").count() == 0
    assert violations_by_day_and_night(page) == [] and not overflows(page)


def test_a_fault_is_noticed_and_stands_in_the_address(page: Page, served: Served) -> None:
    open_page(page, served, "/en/gradient-by-hand?E5.steps=60&E5.learning_rate=99&E5.nothing=1")
    card = page.locator("#E5")
    by_label = {"steps": "60", "learning rate": "0.1"}
    for label, value in by_label.items():
        assert card.get_by_label(label, exact=False).first.input_value() == value, "what a link may not say is left out"
    card.locator("select").select_option("overwrites")
    page.wait_for_url("**E5.fault=overwrites**")
    assert "E5.steps=60" in page.url and "99" not in page.url
    card.get_by_role("button", name="Run").click()
    page.wait_for_selector("#E5 .status[data-status=pass]")
    assert "noticed" in card.locator(".status").inner_text() and card.locator("table .fails").count() >= 1
    page.get_by_role("link", name="Русский").click()
    page.wait_for_selector("html[lang=ru] #E5 select")
    assert page.locator("#E5 select").input_value() == "overwrites" and "E5.steps=60" in page.url


def test_what_is_turned_makes_the_result_another(page: Page, served: Served) -> None:
    open_page(page, served, "/en/directional-derivative")
    card = page.locator("#E4")
    run, stop = (card.get_by_role("button", name=name) for name in ("Run", "Stop"))
    run.click()
    page.wait_for_selector("#E4 .status[data-status=pass]")
    assert run.is_enabled() and stop.is_disabled() and card.locator("svg").count() == 1
    card.get_by_label("seed").fill("7")
    card.get_by_label("seed").press("Tab")
    page.wait_for_url("**E4.seed=7**")
    page.wait_for_selector("#E4 .status[data-status=idle]")
    assert card.locator("svg").count() == 0


def test_a_value_out_of_bounds_is_refused_with_the_bounds(page: Page, served: Served) -> None:
    open_page(page, served, "/en/batch-size")
    card = page.locator("#E9")
    field = card.locator("input").first
    field.fill("9999")
    field.press("Tab")
    page.wait_for_selector("#E9 input[aria-invalid=true]")
    assert "from 1 to 60" in card.get_by_role("alert").first.inner_text()
    field.fill("16")
    field.press("Tab")
    page.wait_for_url("**E9.batch_size=16**")
    assert card.locator("[aria-invalid=true]").count() == 0


def test_the_first_page_lists_every_question(page: Page, served: Served) -> None:
    open_page(page, served, "/")
    assert page.url.endswith("/en/")
    assert page.locator(".topics li").count() == len(all_questions())


def test_a_training_plays_pauses_and_ends_with_its_page(page: Page, served: Served) -> None:
    open_page(page, served, "/en/playground")
    page.wait_for_function("+document.querySelector('.boundary canvas').dataset.step > 20")
    page.wait_for_function("+document.querySelector('.curve .drawing').dataset.points > 3")
    assert "step" in page.locator(".boundary .told").inner_text()
    page.get_by_role("button", name="Pause").click()
    page.wait_for_selector("text=Go on")


def test_keyboards_reach_the_content_past_the_header(page: Page, served: Served) -> None:
    open_page(page, served, "/en/batch-size")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    assert page.evaluate("document.querySelector('#content').contains(document.activeElement)")
