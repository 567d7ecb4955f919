"""What goes on in a live conversation, and what may be ordered there: the words of the bus."""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec

LONGEST: Final = 5000
"""Characters that are said at once."""
Side = Literal["user", "agent", "person"]
"""Who speaks; a person speaks in the agent's place."""
Hidden = Literal["", "encrypted", "untraced"]
"""Why words are not shown; empty where they are."""


# ---------------------------------------------------------------- what happens


class Words(msgspec.Struct, frozen=True, tag="words", tag_field="type"):
    """What a turn says, all of it until now; the next one of the same turn replaces it."""

    turn: str
    side: Side
    text: str
    final: bool = False


class TurnEnded(msgspec.Struct, frozen=True, tag="ended", tag_field="type"):
    """A turn of the agent is over; `interrupted` says that it was cut."""

    turn: str
    interrupted: bool


class Doing(msgspec.Struct, frozen=True, tag="doing", tag_field="type"):
    """What the agent is doing: `listening`, `thinking`, `speaking`."""

    state: str


class Levels(msgspec.Struct, frozen=True, tag="levels", tag_field="type"):
    """How loud both sides are, from 0 to 1 on a scale as ears have it."""

    user: float
    agent: float


class Tool(msgspec.Struct, frozen=True, tag="tool", tag_field="type"):
    """A tool began or ended."""

    name: str
    call: str
    status: str


class Told(msgspec.Struct, frozen=True, tag="told", tag_field="type"):
    """The visitor was told something by the server itself."""

    code: str
    message: str


class Holder(msgspec.Struct, frozen=True):
    """A person who speaks in the agent's place."""

    by: str
    """By what they are known: of a page's reader, or of a key, the id."""
    name: str
    since: int


class Taken(msgspec.Struct, frozen=True, tag="taken", tag_field="type"):
    """A person took over, or nobody does any more."""

    holder: Holder | None


class Attached(msgspec.Struct, frozen=True, tag="attached", tag_field="type"):
    """How many clients are connected; without any, the agent waits for them to come back."""

    clients: int


class Over(msgspec.Struct, frozen=True, tag="over", tag_field="type"):
    """The run is over."""

    reason: str


class Brief(msgspec.Struct, frozen=True, tag="brief", tag_field="type"):
    """What a list shows of a conversation that changed."""

    conversation: str
    state: str
    user: float
    agent: float
    taken: bool
    text: str = ""
    """The last words, where there are new ones."""
    side: Side = "agent"


class Moved(msgspec.Struct, frozen=True, tag="moved", tag_field="type"):
    """A conversation began, ended, or has other clients: a list is to be read anew."""

    conversation: str


class Lost(msgspec.Struct, frozen=True, tag="lost", tag_field="type"):
    """So many of the events before were lost: whoever reads is slower than what happens."""

    events: int


Event = (
    Words
    | TurnEnded
    | Doing
    | Levels
    | Tool
    | Told
    | Taken
    | Attached
    | Over
    | Brief
    | Moved
    | Lost
)


# ---------------------------------------------------------------- what is ordered


class Look(msgspec.Struct, frozen=True, tag="look"):
    """How is it going?"""


class Say(msgspec.Struct, frozen=True, tag="say"):
    """The agent says this."""

    text: str


class Interrupt(msgspec.Struct, frozen=True, tag="interrupt"):
    """Whoever speaks to the user falls silent."""


class End(msgspec.Struct, frozen=True, tag="end"):
    """The conversation ends for good; one that is forgotten leaves nothing more."""

    reason: str
    forgotten: bool = False


class TakeOver(msgspec.Struct, frozen=True, tag="take_over"):
    """A person answers from now on, and the agent is silent."""

    by: str
    name: str
    seconds: float
    """How long nothing may be heard of the person until the agent takes back."""


class Speak(msgspec.Struct, frozen=True, tag="speak"):
    """What the person says in the agent's place."""

    by: str
    text: str


class Stay(msgspec.Struct, frozen=True, tag="stay"):
    """The person is there, and is waited for so many seconds from now on."""

    by: str
    seconds: float


class HandBack(msgspec.Struct, frozen=True, tag="hand_back"):
    """The agent answers again, and knows what was said meanwhile."""

    by: str


class Replace(msgspec.Struct, frozen=True, tag="replace"):
    """The conversation was opened in another place: its clients are closed."""


class Release(msgspec.Struct, frozen=True, tag="release"):
    """The conversation goes on in another process: the run ends, with all that it has to keep."""


class Untrace(msgspec.Struct, frozen=True, tag="untrace"):
    """What is still traced of the run is nobody's: its visitor was forgotten."""


Order = (
    Look | Say | Interrupt | End | TakeOver | Speak | Stay | HandBack | Replace | Release | Untrace
)


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """How it is going: what every order is answered with."""

    conversation: str
    session: str
    run: str
    agent: str
    transport: str
    visitor: str
    """The visitor's id, or nothing."""
    page: str
    since: int
    state: str
    clients: int
    holder: Holder | None
    hidden: Hidden
    turns: dict[str, Any] = msgspec.field(default_factory=dict)
    """When the agent speaks and when it listens, as it is set."""
    turn: str = ""
    """The turn that the agent speaks in, and its words until now."""
    text: str = ""
