"""The page on which a network trains while one watches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from nicegui import Client, ui

from sklon.lab.text import Language, Text, number

from . import words
from .boundary import Boundary
from .curve import Curve
from .frames import Planes
from .native import Button
from .player import Player
from .seldom import Seldom
from .shell import html, shell
from .small import Small

#: seconds from one sentence about what is to be seen to the next
SPEECH = 5.0
LOSS = Text("loss", "функция потерь")
STEP = Text("step", "шаг")
BOUNDARY = Text("What the network says over the plane", "Что сеть говорит на плоскости")
LOSSES = Text("Loss over the steps", "Функция потерь по шагам")
PAUSE, GO_ON = Text("Pause", "Пауза"), Text("Go on", "Продолжить")
RESTART = Text("Restart", "Начать заново")


class Shown(Protocol):
    """What is shown of one moment; ``boundary`` is uint8 [height, width], the top row first."""

    @property
    def step(self) -> int: ...
    @property
    def epoch(self) -> float: ...
    @property
    def losses(self) -> Mapping[str, float]: ...
    @property
    def boundary(self) -> Planes: ...


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
        self._shown: Shown | None = None
        self._speak = Seldom(SPEECH, self._tell)
        self.boundary.client.on_disconnect(self._speak.cancel)

    def show(self, shown: Shown) -> None:
        """Show one moment."""
        self._shown = shown
        self.boundary.show(shown.boundary, step=shown.step, epoch=shown.epoch)
        self.curve.append(shown.step, *shown.losses.values())
        self._speak()

    def _tell(self) -> None:
        if self._shown is not None:
            self.boundary.tell(self._sentence(self._shown))

    def _sentence(self, shown: Shown) -> str:
        losses = ", ".join(f"{LOSS.of(self.language)} {number(v, self.language)}" for v in shown.losses.values())
        return words.DRAWN.of(self.language).format(
            step=number(shown.step, self.language), epoch=number(int(shown.epoch), self.language), losses=losses
        )


def show_playground(client: Client, language: Language, query: Mapping[str, str]) -> None:
    """A small network that learns two moons; ``?mode=step`` waits for the learner."""
    title = words.PLAYGROUND.of(language)
    with shell(client, language, "playground", title, {k: v for k, v in query.items() if (k, v) == ("mode", "step")}):
        html(title, "h1")
        with ui.element("section"):
            _show_session(client, language, Small(), query.get("mode") != "step")


def _show_session(client: Client, language: Language, session: Small, playing: bool) -> None:
    with ui.element("div").classes("actions"):
        turning = Button((PAUSE if playing else GO_ON).of(language), lambda: turn(not player.playing), "first")
        Button(words.STEP.of(language), lambda: step())
        Button(RESTART.of(language), lambda: player.restart())
    views = Views(language)
    views.boundary.set_points(session.points)
    player = Player(session, lambda stand: stand, views.show, playing)
    player.follow(client)

    def turn(on: bool) -> None:
        player.play(on)
        turning.say((PAUSE if on else GO_ON).of(language))

    def step() -> None:
        player.step()
        turning.say(GO_ON.of(language))
