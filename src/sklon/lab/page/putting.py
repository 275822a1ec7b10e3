"""Putting a task to the learner: it is made beside the loop, then asked."""

from __future__ import annotations

from sklon.lab.catalogue import find
from sklon.lab.learning import ChoiceTask, Item, Task, pose
from sklon.lab.text import Language

from .aside import aside
from .asking import line
from .native import Words
from .outcome import drawn_figure
from .shell import html
from .telling import crumb


async def posed(item: Item, seed: int, language: Language) -> tuple[Task, str]:
    """The task of an item, and the figure of the run that it shows."""
    task = await aside(lambda: pose(item, seed))
    shown = task.shown if isinstance(task, ChoiceTask) else None
    return task, ("" if shown is None else await aside(lambda: drawn_figure(shown, language)))


def show_prompt(item: Item, task: Task, language: Language) -> None:
    """What is asked, and where it belongs."""
    html(crumb(item, find(item.question)[0], language), "p", "caption")
    heading = Words("h2").props(f'tabindex=-1 data-item="{item.key}"')
    with heading:
        html(line(task.prompt, language), "span")
    heading.run_method("focus")
