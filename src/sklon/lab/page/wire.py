"""What the page takes from inside NiceGUI, all of it: the socket, the tab, and the room around a page's content.

These names are not promised by NiceGUI (3.18 to 3.x have them); a new major version is tried here first.
"""

from __future__ import annotations

from collections.abc import Callable, MutableMapping
from typing import Any

from nicegui import Client, app, background_tasks, core
from nicegui.element import Element

#: the event under which frames travel
EVENT = "lab"


def send_frame(client: Client, data: bytes, drawn: Callable[[], None]) -> None:
    """Send bytes to the browser of a client, past the history that NiceGUI keeps to replay; ``drawn`` acknowledges."""

    def acknowledged(*_: object) -> None:
        drawn()

    background_tasks.create(core.sio.emit(EVENT, data, to=client.id, callback=acknowledged), name="frame")


def is_there(client: Client) -> bool:
    """Whether a browser looks at the page now."""
    return client.has_socket_connection


def tab_of(client: Client) -> MutableMapping[str, Any]:
    """What is kept of the tab in which a browser looks at the page: the next pages in it find it again."""
    with client:
        tab: MutableMapping[str, Any] = app.storage.tab
        return tab


def without_loading_bar() -> None:
    """No bar over the page when a script asks the server for something: it has no name for those who cannot see it."""
    core.app.config.quasar_config["loadingBar"] = {"skipHijack": True}


def place_around_content(client: Client, above: Element, below: Element) -> None:
    """Put what was made within a page's content before and after it: landmarks do not stand inside each other."""
    above.move(client.layout, 0)
    below.move(client.layout)


def name_content(client: Client, name: str) -> None:
    """The id by which a link jumps to the content of a page."""
    client.content.props(f"id={name} tabindex=-1")
