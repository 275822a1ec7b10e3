"""The pages and their routes: one set for each language, and a door that chooses between them."""

from __future__ import annotations

from typing import Literal
from urllib.parse import quote

from fastapi import FastAPI
from nicegui import Client, ui
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse

from sklon._base.errors import InputError
from sklon.lab.catalogue import all_questions
from sklon.lab.text import LANGUAGES, Language

from . import words
from .aside import aside
from .guard import Application
from .index import show_index
from .live import show_playground
from .museum import show_museum
from .practice import show_practice
from .questions import show_question
from .shell import address, html, shell
from .style import STYLE
from .transfer import MOST_BYTES, PATH, RefusedError, exported, taken_in
from .wire import without_loading_bar

FAVICON = (
    "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'><path d='M2 7 30 25 2 25Z' fill='#2389a8'/></svg>"
)

#: seconds for which a page that has fallen silent is kept: a browser that is busy answers late. Nothing trains
#: meanwhile. Whoever comes back later gets a new page, which finds the training again in ``left.py``.
ABSENCE = 20.0

#: NiceGUI's names of our languages; they become ``<html lang>``
TAGS: dict[Language, Literal["en-US", "ru"]] = {"en": "en-US", "ru": "ru"}


def application(default: Language) -> Application:
    """The page as an ASGI application, not guarded yet. ``default`` is for browsers that ask for no language."""
    around = FastAPI(docs_url=None, redoc_url=None, openapi_url=None)

    @around.get("/")
    def door(request: Request) -> RedirectResponse:
        return RedirectResponse(address(preferred(request.headers.get("accept-language", ""), default)))

    _carry_progress(around)
    register()
    without_loading_bar()
    ui.run_with(
        around, title=words.LAB.en, favicon=FAVICON, dark=None, tailwind=False, show_welcome_message=False,
        reconnect_timeout=ABSENCE,
    )  # fmt: skip
    return around


def preferred(header: str, default: Language) -> Language:
    """The language of ours that an ``Accept-Language`` header puts first.

    >>> preferred("de, ru;q=0.8, en;q=0.5", "en")
    'ru'
    """
    asked = [_weighed(part) for part in header.split(",") if part.strip()]
    for weight, name in sorted(asked, key=lambda one: -one[0]):
        for language in LANGUAGES:
            if weight > 0 and name.split("-")[0] == language:
                return language
    return default


def register() -> None:
    """Tell NiceGUI the pages; it has one table of them in a process."""
    ui.add_head_html(f"<style>{STYLE}</style>", shared=True)
    for language in LANGUAGES:
        _register(language)


def _register(language: Language) -> None:
    slugs = {question.slug: question for question in all_questions()}

    @ui.page(address(language), language=TAGS[language])
    def index(client: Client) -> None:
        show_index(client, language)

    @ui.page(address(language, "playground"), language=TAGS[language])
    async def playground(client: Client, request: Request) -> None:
        await show_playground(client, language, request.query_params)

    @ui.page(address(language, "practice"), language=TAGS[language])
    def practice(client: Client, request: Request) -> None:
        show_practice(client, language, request.query_params)

    @ui.page(address(language, "museum"), language=TAGS[language])
    def museum(client: Client, request: Request) -> None:
        show_museum(client, language, request.query_params)

    @ui.page(address(language, "{path:path}"), language=TAGS[language])
    def other(client: Client, request: Request, path: str) -> None:
        if path in slugs:
            show_question(client, language, slugs[path], request.query_params)
        else:
            client.status_code = 404
            _show_not_found(client, language, path)


def _carry_progress(around: FastAPI) -> None:
    """The learner's file, out and in; the answer to what comes is a number of answers, or the name of a trouble."""

    @around.get(PATH)
    async def out() -> PlainTextResponse:
        try:
            return PlainTextResponse(await aside(exported), media_type="application/json")
        except InputError as error:
            return PlainTextResponse(str(error), status_code=500)

    @around.put(PATH)
    async def into(request: Request) -> PlainTextResponse:
        content = bytearray()
        async for part in request.stream():
            content += part
            if len(content) > MOST_BYTES:
                return PlainTextResponse("large")
        try:
            return PlainTextResponse(str(await aside(lambda: taken_in(bytes(content)))))
        except RefusedError as error:
            return PlainTextResponse(error.trouble)


def _show_not_found(client: Client, language: Language, path: str) -> None:
    title = words.NOT_FOUND.of(language)
    with shell(client, language, quote(path), title):
        html(f"<h1>{title}</h1><p><a href='{address(language)}'>{words.NOT_FOUND_MORE.of(language)}</a></p>")


def _weighed(part: str) -> tuple[float, str]:
    """(weight, language) of one part of the header; what cannot be read weighs nothing."""
    name, _, weight = part.strip().partition(";q=")
    try:
        return float(weight or 1), name.strip().lower()
    except ValueError:
        return 0.0, name.strip().lower()
