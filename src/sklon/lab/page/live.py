"""The page on which a network trains while one watches."""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic

from nicegui import Client, ui

from sklon.lab.text import Language, Text, number

from . import words
from .boundary import Boundary
from .curve import Curve
from .native import Button
from .player import Player, Shown
from .shell import html, shell
from .small import Small

#: seconds between two updates of the curve, and between two sentences about what is to be seen
GROWTH, SPEECH = 1 / 10, 3.0
LOSS = Text("loss", "функция потерь")
STEP = Text("step", "шаг")
BOUNDARY = Text("What the network says over the plane", "Что сеть говорит на плоскости")
LOSSES = Text("Loss over the steps", "Функция потерь по шагам")
PAUSE, GO_ON = Text("Pause", "Пауза"), Text("Go on", "Продолжить")


class Views:
    """The boundary and the curve of one session."""

    def __init__(self, language: Language) -> None:
        self.language = language
        with ui.element("div").classes("views"):
            self.boundary = Boundary(BOUNDARY.of(language))
            self.curve = Curve(
                LOSSES.of(language), lines=[LOSS.of(language)], x=STEP.of(language), y=LOSS.of(language),
                language=language, scale="log",
            )  # fmt: skip
        self._grown = self._said = 0.0

    def show(self, shown: Shown) -> None:
        """Show one frame."""
        now = monotonic()
        self.boundary.show(shown.boundary, step=shown.step, epoch=shown.epoch)
        self.curve.append(shown.step, *shown.losses.values())
        if now - self._grown >= GROWTH:
            self._grown = now
            self.curve.show()
        if now - self._said >= SPEECH:
            self._said = now
            self.boundary.tell(self._sentence(shown))

    def _sentence(self, shown: Shown) -> str:
        losses = ", ".join(f"{LOSS.of(self.language)} {number(v, self.language)}" for v in shown.losses.values())
        return words.DRAWN.of(self.language).format(
            step=number(shown.step, self.language), epoch=number(int(shown.epoch), self.language), losses=losses
        )


def show_playground(client: Client, language: Language, query: Mapping[str, str]) -> None:
    """A small network that learns two moons; ``?mode=step`` waits for the learner."""
    with shell(client, language, "playground", words.PLAYGROUND.of(language)):
        html(f"<h1>{words.PLAYGROUND.of(language)}</h1>")
        with ui.element("section"):
            _show_session(client, language, Small(), query.get("mode") != "step")


def _show_session(client: Client, language: Language, session: Small, playing: bool) -> None:
    with ui.element("div").classes("actions"):
        player_button = Button(PAUSE.of(language) if playing else GO_ON.of(language), lambda: turn(), "first")
        Button(words.STEP.of(language), lambda: step())
    views = Views(language)
    views.boundary.set_points(session.points)
    player = Player(session, views.show, playing)
    player.follow(client)

    def turn() -> None:
        player.play(not player.playing)
        player_button.say((PAUSE if player.playing else GO_ON).of(language))

    def step() -> None:
        player.step()
        player_button.say(GO_ON.of(language))
