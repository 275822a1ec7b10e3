"""The page on which a network trains while one watches, turns what can be turned, and goes back."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any
from urllib.parse import parse_qsl, urlencode

from nicegui import Client, background_tasks, ui

from sklon.lab.complaints import Complaint
from sklon.lab.playground import RUNS, Own, query_of, query_of_two
from sklon.lab.text import Language, Text, number

from . import compare_words, words
from .aside import aside
from .busy import Busy
from .chosen import Chosen
from .glance import Glance
from .inside import LAYERS, WEIGHTS, Levels, Section, layer_table, weight_maps
from .left import SHELF, Left
from .mishap import STOPPED, mishap
from .native import Button, Menu, Slider, Words
from .own import OwnData
from .pair_views import PairViews, late
from .player import FRAME, Player
from .runs import PACES, STANDARD_PACE, Moments, Runs
from .scene import Scenes, scenes
from .seldom import Seldom
from .shell import Place, html, shell
from .takeaway import show_takeaway
from .views import Views, brief, end_of, status
from .wire import is_there, tab_of

PAUSE, GO_ON = Text("Pause", "Пауза"), Text("Go on", "Продолжить")
RESTART = Text("Restart", "Начать заново")
REWIND = Text("step", "шаг")
PACE = Text("steps a second", "шагов в секунду")
FASTEST = Text("as many as it can", "сколько успеет")
LEAD = Text(
    "A network of sklon learns in front of you. Turn anything while it trains, go back to any step, let a second run "
    "go beside the first, and take everything away as a program. What is set stands in the address.",
    "Сеть на sklon учится у вас на глазах. Меняйте что угодно во время обучения, возвращайтесь к любому шагу, "
    "сравнивайте два запуска шаг за шагом, заберите всё с собой как программу. Настройки записаны в адресе.",
)
WORKING = Text("One moment: computing…", "Секунду: идёт расчёт…")
INSIDE = Text("Inside the network", "Внутри сети")
BACK = Text(
    "This is the training that you left at step {step}. “Restart” begins anew.",
    "Это обучение, которое вы оставили на шаге {step}. Кнопка «Начать заново» запустит его с начала.",
)
#: what a tab knows the training by that it has left
TRAINING = "training"
#: what the address says beside the settings
MODE, SPEED = "mode", "pace"
#: seconds from one look at what changes in words to the next
REFRESH = 0.25


async def show_playground(client: Client, language: Language, query: Mapping[str, str]) -> None:
    """A training that obeys; ``query`` has its settings, ``mode=step`` waits for the learner, ``pace`` is its speed."""
    title = words.PLAYGROUND.of(language)
    kept = {k: v for k, v in query.items() if (k, v) == (MODE, "step") or (k == SPEED and v in PACES)}
    link = urlencode({k: v for k, v in query.items() if k not in (MODE, SPEED)})
    runs = await aside(lambda: Runs.of(link, kept.get(SPEED, STANDARD_PACE)))
    settings = dict(parse_qsl(query_of_runs([dict(moment.wanted) for moment in runs.frame()])))
    with shell(client, language, "playground", title, settings | kept) as place:
        html(title, "h1")
        Words("p", LEAD.of(language), "lead-in")
        await _Page(client, place, runs, dict(query)).show()


def query_of_runs(settings: Sequence[Mapping[str, Any]]) -> str:
    """The settings of one run, or of two, as they stand in the address."""
    return query_of(settings[0]) if len(settings) == 1 else query_of_two(*settings)


class _Page:
    """One training, or two side by side, before one reader. ``query`` is what the address says."""

    def __init__(self, client: Client, place: Place, runs: Runs, query: dict[str, str]) -> None:
        self.client, self.place, self.language, self.runs = client, place, place.language, runs
        self.query, self.stepping = query, query.get(MODE) == "step"
        self._has_left = False  # its runs wait for whoever comes back
        self.player: Player[Moments, Scenes] = Player(
            runs,
            scenes,
            self._show_scenes,
            not self.stepping,
            Busy(self._say_busy),
            lambda: runs.waits,
            self._say_failed,
        )
        self.chosen = Chosen(self.language, runs, self._turn)
        self._turned, self._settling = 0, False
        self._journeys = 0  # through time: the last one counts
        self._scenes: Scenes = ()
        self._all_views: dict[bool, Views | PairViews] = {}  # those of two runs, and of one, once they were needed
        self._farthest: tuple[Any, int] = ((), 0)  # starts, step
        self._refresh = Seldom(REFRESH, self._show_words)

    async def show(self) -> None:
        """The whole content, in parts between which others are served."""
        language = self.language
        self._stage = Words("section", "", "stage")
        with self._stage:
            self._working = Words("p", "", "working").props("role=status")
            self._show_actions()
            self._notes = Words("p", _notes(self.runs, language), "notes")
            self._place_of_views = ui.element("div")
            self._status = Words("p", "", "status")
            self._ended = Words("p", "", "ended").props("role=status")
            self._failed = Words("p", "", "complaint").props("role=alert")
        await asyncio.sleep(0)
        with ui.element("section"):
            html(words.SETTINGS.of(language), "h2")
            self._glance = Glance()
            await self.chosen.show()
            OwnData(self.client, language, self._use)
        await asyncio.sleep(0)
        with ui.element("section").classes("inside-network"):
            html(INSIDE.of(language), "h2")
            self._inside = (
                Section(
                    self.client, language, LAYERS.of(language), lambda moment, run: layer_table(moment, language, run)
                ),
                Section(
                    self.client, language, WEIGHTS.of(language), lambda moment, run: weight_maps(moment, language, run)
                ),
                Levels(language),
            )
        show_takeaway(self.client, language, lambda: self.runs.frame())
        self._arrange()
        self.client.on_connect(self._arrive)
        self.client.on_disconnect(self._leave)
        self.client.on_delete(self._end)

    def _show_actions(self) -> None:
        language = self.language
        with ui.element("div").classes("actions"):
            first, second = ("", "first") if self.stepping else ("first", "")
            self._play = Button("", self._turn_play, first)
            Button(words.STEP.of(language), self._step, second)
            Button(RESTART.of(language), self.player.restart)
            self._rewind = Slider(REWIND.of(language), self._go_to, low=0, high=1, position=0, said="0")
            self._rewind.classes("rewind")
            paces = {pace: pace for pace in PACES[:-1]} | {PACES[-1]: FASTEST.of(language)}
            Menu(PACE.of(language), paces, self.runs.pace, self._set_pace).classes("pace")
            self._comparing = ui.element("div").classes("comparing").props("role=group tabindex=-1")
            self._comparing.props(f'aria-label="{compare_words.COMPARISON.of(language)}"')
        self._say_play()

    def _arrange(self) -> None:
        """The views, buttons and settings for as many runs as there are."""
        language, two = self.language, len(self.runs.sessions) == 2
        for views in self._all_views.values():
            views.set_visibility(False)
        if two not in self._all_views:
            with self._place_of_views:
                self._all_views[two] = PairViews(language) if two else Views(language)
        self.views = self._all_views[two]
        self.views.set_visibility(True)
        self._glance.follow(self.views.boundaries)
        self._comparing.clear()
        with self._comparing:
            if two:
                for place, run in enumerate(RUNS):
                    Button(compare_words.KEEP.of(language).format(run=run), partial(self._keep, place))
            else:
                Button(compare_words.COMPARE.of(language), self._compare)

    # ---- who looks on
    def _arrive(self) -> None:
        """A browser looks: again, or for the first time, in a tab that may have left a training at this address."""
        if not is_there(self.client):
            return
        tab, name, again = tab_of(self.client), self.client.id, self._has_left
        left = SHELF.take(name) if again else SHELF.take(tab.get(TRAINING, ""), self.query)
        if again and left is None:
            ui.navigate.reload()  # others have taken its room
            return
        self._has_left, tab[TRAINING] = False, name
        if left is not None and not again:
            self._take_over(left)
        background_tasks.create(self._begin_to_look(left), name="player")

    async def _begin_to_look(self, left: Left | None) -> None:
        if left is not None:
            await left.paused
        if self._has_left:
            return
        self.runs.rest(False)
        self.player.start()
        if left is not None:
            self._watch()

    def _take_over(self, left: Left) -> None:
        """Go on with a training that was left, in place of the one that was begun for this page."""
        begun, self.runs = self.runs, left.runs
        self.player.session, self.player.playing = left.runs, left.playing
        self._scenes, self._farthest = (), left.farthest
        self._arrange()
        self._say_play()
        background_tasks.create(self._show_left(left, begun), name="left")

    async def _show_left(self, left: Left, begun: Runs) -> None:
        await aside(begun.close)
        await left.paused
        with self.player.telling(), self.client:
            moments = self.runs.frame()
            step = number(max(moment.step for moment in moments), self.language)
            self._notes.say(BACK.of(self.language).format(step=step))
            await self.chosen.take_over([moment.wanted for moment in moments], left.own)

    def _leave(self) -> None:
        """Nobody looks: let the training wait."""
        if is_there(self.client) or self._has_left:
            return
        self._has_left = True
        self._refresh.cancel()
        playing, paused = self.player.playing, self.player.stop()
        self.runs.rest(True)
        left = Left(
            runs=self.runs, query=self.query, playing=playing, paused=paused,
            farthest=self._farthest, own=self.chosen.own,
        )  # fmt: skip
        for runs in SHELF.leave(self.client.id, left):
            background_tasks.create(aside(runs.close), name="left")

    def _end(self) -> None:
        """The page goes; what nobody ever looked at goes with it."""
        if not self._has_left:
            background_tasks.create(aside(self.runs.close), name="left")

    # ---- what is shown
    def _show_scenes(self, seen: Scenes) -> None:
        if len(seen) != len(self.runs.sessions) or isinstance(self.views, PairViews) != (len(seen) == 2):
            return  # the page is about to show one more, or one less
        moments = tuple(one.moment for one in seen)
        self._scenes = seen
        if all(moment.ended is not None for moment in moments) and self.player.playing:
            self.player.playing = any(moment.playing for moment in moments)
            self._say_play()
        starts, step = tuple(moment.start for moment in moments), max(moment.step for moment in moments)
        if self._farthest[0] != starts:
            self._farthest = (starts, 0)
        self._farthest = (starts, max(self._farthest[1], step))
        self.views.show(seen)
        for part in self._inside:
            part.show(moments)
        self._refresh()

    def _show_words(self) -> None:
        """What changes seldom enough to be read."""
        seen = self._scenes
        if not seen:
            return
        step = max(one.moment.step for one in seen)
        self._rewind.place(step, max(1, self._farthest[1]), str(step))
        if isinstance(self.views, PairViews):
            self.views.tell(seen, self.runs.times)
            self._status.say(late(seen, self.language))
        else:
            self._status.say(status(seen[0], self.language))
        self._glance.say(brief(seen, self.language))
        said = [(name, end_of(one, self.language)) for name, one in zip(RUNS, seen, strict=False)]
        self._ended.say("; ".join(end if len(seen) == 1 else f"{name}: {end}" for name, end in said if end))
        diverged = any(one.moment.ended is not None and one.moment.ended.reason == "diverged" for one in seen)
        self._ended.set_attributes(data_reason="diverged" if diverged else None)

    # ---- what is asked for
    def _turn_play(self) -> None:
        self.player.play(not self.player.playing)
        self._say_play()

    def _step(self) -> None:
        self.player.step()
        self._say_play()

    def _go_to(self, step: int, let_go: bool) -> None:
        """Back to a step, or on to one that was there before. The settings are those of then, and say so."""
        self._rewind.place(step, max(1, self._farthest[1]), str(step))
        if self.player.playing:
            self.player.play(False)
            self._say_play()
        if let_go:
            self._journeys += 1
            journey = self._journeys
            background_tasks.create(self._travel(step, lambda: journey == self._journeys), name="journey")

    async def _travel(self, step: int, wanted: Callable[[], bool]) -> None:
        with self.player.telling(), self.player.busy:
            await aside(lambda: self.runs.go_to(step, wanted))
        self._watch()

    def _set_pace(self, pace: str) -> None:
        if pace in PACES:
            self.runs.pace = pace
            if self.player.playing:
                self.runs.play()
            self._remember()

    def _turn(self, which: tuple[int, ...], name: str, value: Any, let_go: bool) -> None:
        self.runs.change({name: value}, which)
        self._watch()
        if let_go:
            self._remember()

    def _watch(self) -> None:
        self._turned += 1
        if not self._settling:
            self._settling = True
            background_tasks.create(self._settle(), name="controls")

    async def _settle(self) -> None:
        """Show what was turned once it acts, and on until the runs are level; go on playing, where one had ended.

        In the end the controls and the address say what the runs have: a journey back forgets what was turned later.
        """
        settled = -1
        try:
            with self.player.busy:
                while not self._has_left and (settled != self._turned or not self.runs.level):
                    settled = self._turned
                    await aside(lambda: self.runs.settle(FRAME))
                    if self.player.playing and is_there(self.client):
                        self.runs.go_on()
                    self.player.wake()
        except Exception:
            self.player.wake()  # whoever looks on tells what has failed
        finally:
            self._settling = False
        if self._has_left:
            return  # whoever comes back looks anew
        with self.client:
            if await self.chosen.agree([moment.wanted for moment in self.runs.frame()]):
                self._remember()

    def _use(self, own: Own) -> None:
        which = self.chosen.choose_own()
        self.runs.use(own, which)
        self._watch()
        self._remember()

    def _compare(self) -> None:
        background_tasks.create(self._change_runs(lambda: self.runs.compare(self.player.playing)), name="compare")

    def _keep(self, place: int) -> None:
        background_tasks.create(
            self._change_runs(lambda: self.runs.keep(place, self.player.playing), place), name="keep"
        )

    async def _change_runs(self, change: Callable[[], bool], kept: int = 0) -> None:
        """Let there be one more run, or one less, and show it, if that is what ``change`` did."""
        changed = False
        with self.player.telling():
            changed = await aside(change)
        if changed:
            with self.client:
                await self.chosen.follow(kept)
                self._scenes, self._farthest = (), ((), self._farthest[1])
                self._arrange()
                self._comparing.run_method("focus", {"preventScroll": True})  # the button that had it is gone
                self._remember()
                self.player.start()
            self._watch()

    # ---- what is said
    def _say_busy(self, busy: bool) -> None:
        self._stage.set_attributes(aria_busy="true" if busy else None)
        self._working.say(WORKING.of(self.language) if busy else "")

    def _say_failed(self, error: Exception | None) -> None:
        self._failed.say_complaint(Complaint("") if error is None else mishap(error, self.language, STOPPED))
        self._say_play()

    def _say_play(self) -> None:
        self._play.say((PAUSE if self.player.playing else GO_ON).of(self.language))

    def _remember(self) -> None:
        """Put what is set into the address."""
        query = dict(parse_qsl(query_of_runs(self.chosen.settings)))
        query |= {MODE: "step"} if self.stepping else {}
        query |= {SPEED: self.runs.pace} if self.runs.pace != STANDARD_PACE else {}
        self.query = query
        self.place.remember(query)


def _notes(runs: Runs, language: Language) -> str:
    """What a link wanted that could not be, with the run's name where there are two."""
    names = ("",) if len(runs.sessions) == 1 else tuple(f"{run}: " for run in RUNS)
    notes = [(name, note) for name, one in zip(names, runs.sessions, strict=True) for note in one.notes]
    return " · ".join(f"{name}{note.says.of(language)}" for name, note in notes)
