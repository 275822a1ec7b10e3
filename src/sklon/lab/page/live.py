"""The page on which a network trains while one watches, turns what can be turned, and goes back."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl, urlencode

from nicegui import Client, background_tasks, ui

from sklon.lab.playground import Moment, Own, Session, query_of
from sklon.lab.text import Language, Text

from . import words
from .aside import aside
from .busy import Busy
from .inside import LAYERS, WEIGHTS, Levels, Section, layer_table, weight_maps
from .knobs import Knobs
from .native import Button, Menu, Slider, Words
from .own import OwnData
from .player import Player
from .scene import Scene, scene
from .seldom import Seldom
from .shell import Place, html, shell
from .takeaway import show_takeaway
from .views import Views, status

PAUSE, GO_ON = Text("Pause", "Пауза"), Text("Go on", "Продолжить")
RESTART = Text("Restart", "Начать заново")
REWIND = Text("step", "шаг")
PACE = Text("steps a second", "шагов в секунду")
FASTEST = Text("as many as it can", "сколько успеет")
LEAD = Text(
    "A network of sklon learns in front of you. Turn anything while it trains, go back to any step, and take the run "
    "away as a program. What is set stands in the address.",
    "Сеть на sklon учится у вас на глазах. Меняйте что угодно во время обучения, возвращайтесь к любому шагу, "
    "заберите всё с собой как программу. Настройки записаны в адресе.",
)
WORKING = Text("One moment: computing…", "Секунду: идёт расчёт…")
INSIDE = Text("Inside the network", "Внутри сети")
PACES = ("10", "100", "1000", "fastest")
STANDARD_PACE = "100"
#: what the address says beside the settings
MODE, SPEED = "mode", "pace"
#: seconds from one look at what changes in words to the next
REFRESH = 0.25


class Paced:
    """A session that plays at the pace that was chosen last."""

    def __init__(self, session: Session, pace: str) -> None:
        self.session, self.pace = session, pace

    def play(self) -> None:
        """Train by itself."""
        self.session.play(None if self.pace == PACES[-1] else float(self.pace))

    def pause(self) -> Moment:
        """Stop between two steps."""
        return self.session.pause()

    def step(self) -> Moment:
        """Take one step."""
        return self.session.step()

    def restart(self) -> Moment:
        """Begin anew with the settings of now."""
        return self.session.restart()

    def frame(self) -> Moment:
        """The newest moment."""
        return self.session.frame()

    def close(self) -> None:
        """End the thread."""
        self.session.close()


async def show_playground(client: Client, language: Language, query: Mapping[str, str]) -> None:
    """A training that obeys; ``query`` has its settings, ``mode=step`` waits for the learner, ``pace`` is its speed."""
    title = words.PLAYGROUND.of(language)
    kept = {k: v for k, v in query.items() if (k, v) == (MODE, "step") or (k == SPEED and v in PACES)}
    link = urlencode({k: v for k, v in query.items() if k not in (MODE, SPEED)})
    session = await aside(lambda: Session(link))
    settings = dict(parse_qsl(session.query))
    with shell(client, language, "playground", title, settings | kept) as place:
        html(title, "h1")
        Words("p", LEAD.of(language), "lead-in")
        await _Page(client, place, session, kept).show()


class _Page:
    """One training before one reader."""

    def __init__(self, client: Client, place: Place, session: Session, kept: dict[str, str]) -> None:
        self.client, self.place, self.language, self.session = client, place, place.language, session
        self.stepping = MODE in kept
        self.paced = Paced(session, kept.get(SPEED, STANDARD_PACE))
        self.player: Player[Moment, Scene] = Player(
            self.paced, scene, self._show_scene, not self.stepping, Busy(self._say_busy), lambda: session.waits > 0
        )
        self._turned, self._settling = 0, False
        self._journeys = 0  # through time: the last one counts
        self._scene: Scene | None = None
        self._farthest = (0, 0)  # start, step
        self._refresh = Seldom(REFRESH, self._show_words)

    async def show(self) -> None:
        """The whole content, in parts between which others are served."""
        language = self.language
        self._stage = Words("section", "", "stage")
        with self._stage:
            self._working = Words("p", "", "working").props("role=status")
            self._show_actions()
            self._notes = Words("p", " ".join(n.says.of(language) for n in self.session.notes), "notes")
            self.views = Views(language)
            self._status = Words("p", "", "status")
            self._ended = Words("p", "", "ended").props("role=status")
        await asyncio.sleep(0)
        with ui.element("section"):
            html(words.SETTINGS.of(language), "h2")
            self.knobs = Knobs(dict(self.session.frame().wanted), language, self._turn)
            await self.knobs.show()
            OwnData(self.client, language, self._use)
        await asyncio.sleep(0)
        with ui.element("section"):
            html(INSIDE.of(language), "h2")
            self._inside = (
                Section(self.client, LAYERS.of(language), lambda moment: layer_table(moment, language)),
                Section(self.client, WEIGHTS.of(language), lambda moment: weight_maps(moment, language)),
                Levels(language),
            )
        show_takeaway(self.client, language, self.session.frame)
        self.player.follow(self.client)
        self.client.on_disconnect(self._refresh.cancel)

    def _show_actions(self) -> None:
        language = self.language
        with ui.element("div").classes("actions"):
            first, second = ("", "first") if self.stepping else ("first", "")
            self._play = Button("", self._turn_play, first)
            Button(words.STEP.of(language), self._step, second)
            Button(RESTART.of(language), self._restart)
            self._rewind = Slider(REWIND.of(language), self._go_to, low=0, high=1, position=0, said="0")
            self._rewind.classes("rewind")
            paces = {pace: pace for pace in PACES[:-1]} | {PACES[-1]: FASTEST.of(language)}
            Menu(PACE.of(language), paces, self.paced.pace, self._set_pace).classes("pace")
        self._say_play()

    # ---- what is shown
    def _show_scene(self, seen: Scene) -> None:
        moment = seen.moment
        self._scene = seen
        if moment.ended is not None and self.player.playing:
            self.player.playing = moment.playing
            self._say_play()
        if self._farthest[0] != moment.start:
            self._farthest = (moment.start, 0)
        self._farthest = (moment.start, max(self._farthest[1], moment.step))
        self.views.show(seen)
        for part in self._inside:
            part.show(moment)
        self._refresh()

    def _show_words(self) -> None:
        """What changes seldom enough to be read."""
        seen = self._scene
        if seen is None:
            return
        moment = seen.moment
        self._status.say(status(seen, self.language))
        self._rewind.place(moment.step, max(1, self._farthest[1]), str(moment.step))
        ended = "" if moment.ended is None else moment.ended.says.of(self.language)
        if seen.explanation is not None:
            ended = seen.explanation.says.of(self.language)
        self._ended.say(ended)
        diverged = moment.ended is not None and moment.ended.reason == "diverged"
        self._ended.set_attributes(data_reason="diverged" if diverged else None)

    # ---- what is asked for
    def _turn_play(self) -> None:
        self.player.play(not self.player.playing)
        self._say_play()

    def _step(self) -> None:
        self.player.step()
        self._say_play()

    def _restart(self) -> None:
        self.player.restart()

    def _go_to(self, step: int, let_go: bool) -> None:
        """Back to a step, or on to one that was there before: the same steps again."""
        self._rewind.place(step, max(1, self._farthest[1]), str(step))
        if self.player.playing:
            self.player.play(False)
            self._say_play()
        if let_go:
            self._journeys += 1
            journey = self._journeys
            self.player.beside(lambda: self._travel(step, journey))

    def _travel(self, step: int, journey: int) -> None:
        here = self.session.pause().step
        if journey != self._journeys:
            return
        if step <= here:
            self.session.rewind(step)
        else:
            self.session.step(step - here)

    def _set_pace(self, pace: str) -> None:
        if pace in PACES:
            self.paced.pace = pace
            if self.player.playing:
                self.paced.play()
            self._remember()

    def _turn(self, name: str, value: Any, let_go: bool) -> None:
        self.session.change_all({name: value})
        self._turned += 1
        if not self._settling:
            self._settling = True
            background_tasks.create(self._settle(), name="controls")
        if let_go:
            self._remember()

    async def _settle(self) -> None:
        """Show what was turned once it acts; go on playing, if it did, where the training had ended."""
        settled = -1
        try:
            while settled != self._turned:
                settled = self._turned
                with self.player.busy:
                    moment = await aside(self.session.settle)
                if self.player.playing and not moment.playing and moment.ended is None:
                    self.paced.play()
                self.player.wake()
        finally:
            self._settling = False

    def _use(self, own: Own) -> None:
        self.knobs.choose_own()
        self.player.beside(lambda: self._train_on(own))
        self._remember()

    def _train_on(self, own: Own) -> None:
        self.session.use(own)
        self.session.settle()
        if self.player.playing:
            self.paced.play()

    # ---- what is said
    def _say_busy(self, busy: bool) -> None:
        self._stage.set_attributes(aria_busy="true" if busy else None)
        self._working.say(WORKING.of(self.language) if busy else "")

    def _say_play(self) -> None:
        self._play.say((PAUSE if self.player.playing else GO_ON).of(self.language))

    def _remember(self) -> None:
        """Put what is set into the address."""
        query = dict(parse_qsl(query_of(self.knobs.settings)))
        query |= {MODE: "step"} if self.stepping else {}
        query |= {SPEED: self.paced.pace} if self.paced.pace != STANDARD_PACE else {}
        self.place.remember(query)
