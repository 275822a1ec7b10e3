"""Flags generated from the rows of ``runs.settings``: one vocabulary, written once.

A command that takes ``**settings`` gets a flag per row: its name, its default, its values and its help come
from there. Values reach the command as text and are read by the row, which also writes the complaint.
"""

from __future__ import annotations

import inspect
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from sklon._base.errors import InputError
from sklon.data import nearest
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
    if isinstance(row.default, bool):
        switch = typer.Option(f"{row.flag}/--no-{row.flag[2:]}", help=row.help, rich_help_panel="Settings")
        return _keyword(row, bool, switch, row.default)
    option = typer.Option(
        row.flag,
        help=row.help,
        metavar=row.kind.metavar,
        rich_help_panel="Settings",
    )
    return _keyword(row, str, option, row.shown)


def _keyword(row: Setting, kind: type[Any], option: Any, default: Any) -> inspect.Parameter:
    return inspect.Parameter(
        row.name, inspect.Parameter.KEYWORD_ONLY, default=default, annotation=Annotated[kind, option]
    )


def given(context: typer.Context, words: dict[str, Any]) -> dict[str, Any]:
    """The settings that stand on the command line; the others are defaults, which a file may replace."""
    sources = {name: context.get_parameter_source(name) for name in words}
    return {name: words[name] for name, source in sources.items() if source is not None and source.name != "DEFAULT"}


def from_file(path: Path | None) -> dict[str, Any]:
    """The settings of a TOML file, by their names with - or _; InputError for what is none."""
    if path is None:
        return {}
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(f"there is no file {path}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path} is no TOML: {error}") from error
    words: dict[str, Any] = {}
    known = [row.name for row in SETTINGS]
    for written, value in table.items():
        name = written.replace("-", "_")
        if name not in known:
            raise InputError(f"{path.name} has {written!r}, which is no setting; {nearest(name, known)}")
        if name in words:
            raise InputError(f"{path.name} has {name!r} twice, once with - and once with _; leave one out")
        words[name] = value
    return words
