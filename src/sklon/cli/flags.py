"""Flags generated from the rows of ``runs.settings``: one vocabulary, written once.

A command that takes ``**settings`` gets a flag per row: its name, its default, its values and its help come
from there. Values reach the command as text and are read by the row, which also writes the complaint.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Annotated, Any, TypeVar

import typer

from sklon.runs.settings import SETTINGS, Setting

Command = TypeVar("Command", bound=Callable[..., Any])


def with_settings(command: Command) -> Command:
    """The command, whose ``**settings`` are shown to typer as one flag per setting."""
    signature = inspect.signature(command, eval_str=True)
    own = [p for p in signature.parameters.values() if p.kind is not inspect.Parameter.VAR_KEYWORD]
    generated = [_parameter(row) for row in SETTINGS]
    command.__signature__ = signature.replace(parameters=[*own, *generated])  # type: ignore[attr-defined]
    return command


def _parameter(row: Setting) -> inspect.Parameter:
    option = typer.Option(
        row.flag,
        help=row.help,
        metavar=row.kind.metavar,
        rich_help_panel="Settings",
    )
    return inspect.Parameter(
        row.name,
        inspect.Parameter.KEYWORD_ONLY,
        default=row.shown,
        annotation=Annotated[str, option],
    )
