"""A session kept for the next process: what it takes to come back, and how long."""

from __future__ import annotations

import contextlib
import json
import os
import sys
import tempfile
import time
from collections.abc import MutableMapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from duologue.client.errors import NotConnected
from duologue.client.road import Ticket
from duologue.core import resume

if TYPE_CHECKING:
    from duologue.client.livekit_session import LiveKitSession

RESUME_WINDOW: Final = 300.0
"""Seconds after the last word of life in which a conversation may be gone on with."""
GRACE: Final = 30.0
"""Seconds in which the agent itself still waits, and the same token opens the door again."""
KEY: Final = "duologue.session"
"""Where a mapping keeps it."""


Store = MutableMapping[str, Any] | str | Path
"""A mapping, as the `localStorage` of a page is one, or the path of a file."""


@dataclass(frozen=True, slots=True)
class SavedSession:
    """What `load_session` gives, and `LiveKitSession.resume` takes."""

    url: str
    token: str
    room_name: str = ""
    conversation_id: str = ""
    resume_token: str = ""
    ts: int = field(default_factory=lambda: _now())
    """UTC milliseconds at which the session was alive last."""
    config: dict[str, Any] = field(default_factory=dict)
    """What the server granted, and how the agent shows itself."""
    left: bool = False
    """Whether the session was left on purpose; then no agent waits, and the door is asked."""

    def is_live(self, now: int | None = None) -> bool:
        """Whether the agent still waits, so that url and token open the same session again."""
        now = _now() if now is None else now
        return not self.left and resume.may_reattach(self.ts, now, int(GRACE * 1000))

    @property
    def ticket(self) -> Ticket:
        """The same, as a road takes it."""
        return Ticket(
            self.url,
            self.token,
            room_name=self.room_name,
            conversation_id=self.conversation_id,
            resume_token=self.resume_token,
            config=self.config,
        )


def save_session(session: LiveKitSession | SavedSession, store: Store | None = None) -> None:
    """Keeps what it takes to come back; an open session keeps it fresh until it is disconnected.

    The file of the user's state folder, unless another store is given: readable by the user only,
    for it holds a token.
    """
    if isinstance(session, SavedSession):
        _write(session, store)
        return
    if session.ticket is None:
        raise NotConnected("save_session()")
    write_ticket(session.ticket, store)
    session.keep_saved(store)


def write_ticket(ticket: Ticket, store: Store | None, *, left: bool = False) -> None:
    """Keeps the present ticket of a session that is alive, or left, now."""
    _write(
        SavedSession(
            ticket.url,
            ticket.token,
            ticket.room_name,
            ticket.conversation_id,
            ticket.resume_token,
            config=ticket.config,
            left=left,
        ),
        store,
    )


def load_session(store: Store | None = None) -> SavedSession | None:
    """What was kept less than five minutes ago; none if there is nothing of use, ever an error."""
    try:
        text = _read(store)
        kept = SavedSession(**json.loads(text)) if isinstance(text, str | bytes) else None
    except (OSError, ValueError, TypeError, RecursionError):
        return None
    if kept is None or not _whole(kept):
        return None
    # A time to come is a clock that was set back, or somebody's file: neither is believed.
    now, window = _now(), int(RESUME_WINDOW * 1000)
    return kept if abs(now - kept.ts) < window else None


def clear_session(store: Store | None = None) -> None:
    """Forgets what was kept; nothing there is no error."""
    if store is None or isinstance(store, str | Path):
        with contextlib.suppress(OSError):
            _path(store).unlink()
    else:
        store.pop(KEY, None)


def default_path() -> Path:
    """The file that is used where no store is named."""
    home = Path.home()
    if sys.platform == "win32":
        base = Path(os.environ.get("LOCALAPPDATA") or home / "AppData" / "Local")
    elif sys.platform == "darwin":
        base = home / "Library" / "Application Support"
    else:
        base = Path(os.environ.get("XDG_STATE_HOME") or home / ".local" / "state")
    return base / "duologue" / "session.json"


def _whole(kept: SavedSession) -> bool:
    texts = (kept.url, kept.token, kept.room_name, kept.conversation_id, kept.resume_token)
    return (
        all(isinstance(text, str) for text in texts)
        and bool(kept.url and kept.token)
        and (type(kept.ts), type(kept.config), type(kept.left)) == (int, dict, bool)
    )


def _read(store: Store | None) -> Any:
    if store is None or isinstance(store, str | Path):
        return _path(store).read_bytes()
    return store.get(KEY)


def _write(kept: SavedSession, store: Store | None) -> None:
    text = json.dumps(asdict(kept))
    if store is not None and not isinstance(store, str | Path):
        store[KEY] = text
        return
    path = _path(store)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    # mkstemp makes it 0600; the rename shows either the old file or the new one, whole.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(text)
        Path(name).replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            Path(name).unlink()
        raise


def _path(store: str | Path | None) -> Path:
    return default_path() if store is None else Path(store)


def _now() -> int:
    return time.time_ns() // 1_000_000
