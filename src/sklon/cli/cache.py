"""``sklon cache``: where compiled programs lie on disk, how many and how large; and removing them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from sklon._base.errors import InputError

from .terminal import Terminal, guarded

if TYPE_CHECKING:
    from sklon.compiler.disk.folder import File

app = typer.Typer(name="cache")

Json = Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")]
Quiet = Annotated[bool, typer.Option("--quiet", help="Say nothing but the result and errors.")]


@app.callback(invoke_without_command=True, epilog="Example: sklon cache")
@guarded
def show(context: typer.Context, json: Json = False, quiet: Quiet = False) -> None:
    """Show where compiled programs lie on disk and how large they are, or remove them.

    They spare a later process the time of compiling. The environment variable SKLON_CACHE names another folder,
    or turns the cache "off".
    """
    from sklon.compiler.disk import store
    from sklon.compiler.disk.folder import LIMIT, UnusableError
    from sklon.compiler.disk.where import chosen

    if context.invoked_subcommand is not None:
        return
    terminal, place, files, why = Terminal(quiet, json), chosen(), list[Any](), store.OFF
    if place is not None:
        try:
            files, why = store.contents(place), ""
        except UnusableError as error:
            why = str(error)
    told = {"folder": str(place) if place else None, "usable": not why, "limit": LIMIT, **_sizes(files)}
    sentence = f"No compiled programs are kept: {why}." if why else f"{place} holds {_counted(files)}"
    terminal.result(told, sentence if why else f"{sentence}, of at most {LIMIT / 2**20:.0f} MiB.")


@app.command(epilog="Example: sklon cache clear")
@guarded
def clear(context: typer.Context, json: Json = False, quiet: Quiet = False) -> None:
    """Remove all compiled programs from disk; they are compiled again when they are needed.

    Files that the cache did not write are left alone.
    """
    from sklon.compiler.disk import store
    from sklon.compiler.disk.folder import UnusableError
    from sklon.compiler.disk.where import chosen

    before = context.parent.params if context.parent is not None else {}  # as in: sklon cache --json clear
    json, quiet = json or bool(before.get("json")), quiet or bool(before.get("quiet"))
    place = chosen()
    try:
        removed = store.empty(place) if place else []
    except UnusableError as error:
        raise InputError(f"{error}; nothing was removed") from error
    told = {"folder": str(place) if place else None, **_sizes(removed)}
    Terminal(quiet, json).result(told, f"Removed {_counted(removed)}.")


def _sizes(files: list[File]) -> dict[str, int]:
    return {"programs": len(files), "bytes": sum(file.size for file in files)}


def _counted(files: list[File]) -> str:
    programs = "1 compiled program" if len(files) == 1 else f"{len(files):,} compiled programs"
    size = sum(file.size for file in files)
    return f"{programs}, {size / 2**20:.1f} MiB" if size >= 2**20 else f"{programs}, {size / 2**10:.1f} KiB"
