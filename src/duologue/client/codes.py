"""The code that an error has for `on_error`: one of the document's seven, or the server's word."""

from __future__ import annotations

import re
from typing import Final

from duologue.client.errors import AgentLeft, AgentTimeout, MediaError, SessionConnectError
from duologue.client.widget_door import DoorError
from duologue.errors import DuologueError

_DENIED: Final = re.compile(
    r"permission|denied|not permitted|unauthori[sz]ed|error -13\b", re.IGNORECASE
)
_MISSING: Final = re.compile(r"need sounddevice|sounddevice does not work|device", re.IGNORECASE)
_LINE: Final = ("", "lost", "ended", "replaced", "removed", "left")
"""What a line says of its own end."""


def code_of(error: BaseException) -> str:
    """The code of an error; empty for one that has none."""
    match error:
        case DoorError() | DuologueError():
            return error.code
        case AgentTimeout():
            return "AGENT_TIMEOUT"
        case AgentLeft():
            return "agent_left"
        case SessionConnectError():
            return "ROOM_DISCONNECT" if error.code in _LINE else error.code
        case MediaError():
            return microphone_code(error)
        case _:
            return ""


def microphone_code(error: BaseException) -> str:
    """Whether a microphone was refused, or there is none; empty for a file that cannot be heard."""
    if _DENIED.search(str(error)):
        return "MIC_PERMISSION_DENIED"
    return "MIC_NOT_FOUND" if _MISSING.search(str(error)) else ""
