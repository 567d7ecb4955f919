"""What an agent is: who answers, how it takes turns, which models it uses."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from hashlib import blake2b
from typing import Annotated, Any, Literal

import msgspec
from livekit.agents import Agent

from duologue.agents.webhook.options import Webhook
from duologue.agents.widget import Widget
from duologue.errors import DuologueError

Seconds = Annotated[float, msgspec.Meta(ge=0, le=600)]
Transport = Literal["livekit", "websocket"]
Slug = Annotated[str, msgspec.Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$")]


class TurnTaking(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """When the agent speaks and when it listens."""

    trigger: Literal["automatic", "push_to_talk"] = "automatic"
    """Whether it hears when somebody speaks, or while they hold a button."""
    can_interrupt: bool = True
    """Whether who speaks over the agent interrupts it."""
    silence: Seconds = 0.35
    """Silence after which voice detection calls the user's speech ended."""
    min_delay: Seconds = 0.45
    """The least wait from the end of speech to the answer."""
    max_delay: Seconds = 3.0
    """The longest wait when more speech is expected."""
    interrupt_after: Seconds = 0.5
    """How long the user speaks over the agent before that is an interruption.

    The agent falls silent sooner, at the first syllable, and goes on at once when there
    was no more.
    """
    resume_after: Seconds = 1.0
    """With no words recognized for this long, an interruption was nothing and speech goes on."""
    away_after: Seconds | None = 30.0
    """Silence on both sides after which the user counts as away."""


class AgentDefinition(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Everything about an agent that can be written down; stored as JSON, set by file or toml."""

    slug: Slug
    name: str = ""
    """The name that people see; empty makes one of the slug."""
    avatar: str = ""
    """The address of a picture."""
    idle_loop: str = ""
    """The address of a short film that shows the agent while it waits."""
    greeting: str = ""
    """Said once, when a new conversation begins."""
    still_there: str = ""
    """Said once when the user is away, after `turns.away_after`; empty leaves the silence alone."""
    instructions: str = ""
    """The system prompt of an agent without a class of its own."""
    phrases: tuple[str, ...] = ()
    """Sentences that callers will say: the grammar of the offline recognizer."""
    turns: TurnTaking = TurnTaking()
    stt: str = ""
    """What hears, as `deepgram/nova-3`; empty picks what the keys allow, else an offline one."""
    llm: str = ""
    """What thinks, as `openai/gpt-4.1-mini`; empty likewise."""
    tts: str = ""
    """What speaks; empty likewise."""
    realtime: str = ""
    """One model that hears, thinks and speaks, instead of the three."""
    voice: str = ""
    """Which voice of the speech model."""
    vision: bool = False
    """Whether the agent sees the user's screen or camera, in rooms. Nobody else's pictures are
    fetched or decoded."""
    tabs: Literal["takeover", "reject", "share"] = "takeover"
    """What happens when a conversation is opened a second time: the first socket is closed, the
    second is refused, or both hear one agent, which listens to the microphone of the first."""
    transports: Annotated[tuple[Transport, ...], msgspec.Meta(min_length=1)] = (
        "livekit",
        "websocket",
    )
    """The roads over which callers come; a room is preferred where there is a LiveKit."""
    encryption: Literal["off", "optional", "required"] = "off"
    """Whether rooms are encrypted from end to end: never, when a client asks, or always. What must
    be encrypted is not reached over a socket."""
    encryption_key: str = ""
    """Where the key of encrypted rooms is: `env:NAME` or `file:PATH`, read when an agent joins. In
    an agent's own file it may be a function that returns the key."""
    record: bool = False
    """Whether the sound of its conversations is recorded; who talks to it is told."""
    record_encrypted: bool = False
    """Whether words and sound of an encrypted session are kept all the same."""
    session_host: bool = False
    """Whether LiveKit's session protocol is answered in rooms; it hands out the system prompt."""
    origins: tuple[str, ...] = ()
    """Web origins that may open sessions; empty leaves it to the key."""
    overrides: tuple[str, ...] = ("turns.trigger", "turns.can_interrupt")
    """What a session's `config` may change, as paths of this struct."""
    widget: Widget = Widget()
    """How it appears on every site with a widget."""
    visitor_context: Literal["off", "page", "visits"] = "page"
    """What the model is told of its visitor, where a page tells it: nothing; the page that they are
    on; or also how often they came, the pages before it, and those traits that `visitor_traits`
    allows."""
    visitor_traits: tuple[str, ...] = ()
    """Names of what a site told by `identify` that the model may know."""
    navigation: bool = False
    """Whether the agent may lead its visitor to other pages of the same site, or of `origins`: it
    gets a tool for that. Your own code may do so without it."""
    trace_days: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """How many days its traces are kept, with their recordings; none leaves it to the server's
    setting."""
    trace_megabytes: Annotated[int, msgspec.Meta(ge=0)] | None = None
    """How much they may take before its oldest are deleted, 0 for no limit; none likewise."""
    conversation_days: Annotated[int, msgspec.Meta(ge=0)] | None = None
    """How many days its conversations are kept after they were last used, 0 until somebody deletes
    them; none likewise."""
    session_minutes: Annotated[float, msgspec.Meta(gt=0, le=1440)] | None = None
    """The longest session; none leaves it to the server's setting. 15 seconds before, its user is
    told by the notice `ends_soon`, which the widget shows."""
    max_sessions: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """Conversations at once, in all processes; one more is refused with 429. None sets no limit but
    the server's."""
    authorize_per_minute: Annotated[int, msgspec.Meta(ge=1)] | None = None
    """Sessions a minute, whoever asks for them; more are refused with 429. A public key is in every
    page's source, so this bounds what anybody can start with it."""
    minutes_per_day: Annotated[float, msgspec.Meta(gt=0)] | None = None
    """Minutes that all its sessions of a day may take together; then those that go on end, warned
    as at `session_minutes`, and new ones are refused with 429. The day begins at midnight UTC, and
    a session counts for the day on which it began."""
    price_per_minute: Annotated[float, msgspec.Meta(ge=0)] | None = None
    """Credit for a minute; none leaves it to the server's setting."""

    @property
    def roads(self) -> tuple[Transport, ...]:
        """The transports that keep what `encryption` promises."""
        if self.encryption != "required":
            return self.transports
        return tuple(each for each in self.transports if each == "livekit")

    @property
    def title(self) -> str:
        """The name that people see."""
        return self.name or self.slug.replace("-", " ").title()


_decode = msgspec.json.Decoder(AgentDefinition).decode


def stored(text: str) -> AgentDefinition:
    """A definition as the store has it, without what a newer duologue wrote that we do not know.

    Old and new processes work side by side while a server is renewed. A value that we do not know
    cannot be left out: the agent would be another.
    """
    try:
        return _decode(text)
    except msgspec.ValidationError:
        written = msgspec.json.decode(text)
    try:
        return msgspec.convert(_known(written, AgentDefinition), AgentDefinition)
    except msgspec.ValidationError as error:
        raise DuologueError("agent_newer", agent=written.get("slug"), reason=error) from None


def _known(written: dict[str, Any], kind: type[msgspec.Struct]) -> dict[str, Any]:
    """The fields of a struct, and of those within it."""
    found = {}
    for field in msgspec.structs.fields(kind):
        if field.name in written:
            value, inner = written[field.name], field.type
            within = isinstance(inner, type) and issubclass(inner, msgspec.Struct)
            deeper = within and isinstance(value, dict)
            found[field.name] = _known(value, inner) if deeper else value
    return found


Factory = Callable[[], Agent]


@dataclass(frozen=True, slots=True)
class LoadedAgent:
    """A definition together with what makes its `livekit.agents.Agent`, and where it came from."""

    definition: AgentDefinition
    make: Factory
    source: str
    """The file that defined it, or `built-in`."""
    models: dict[str, Any] | None = None
    """Plugin objects or factories given in the file, by `stt`, `llm`, `tts`, `realtime`, `vad`;
    what gives the key of encrypted rooms, by `encryption_key`; and the back end that thinks
    instead of a model, by `webhook`."""
    code: str = ""
    """A digest of the file that defined it, as it was when it was loaded."""

    @property
    def version(self) -> str:
        """Twelve hex digits, others when its definition or its file is another."""
        told = msgspec.json.encode(self.definition) + self.code.encode()
        return blake2b(told, digest_size=6).hexdigest()

    @property
    def webhook(self) -> Webhook | None:
        """The back end that thinks for it, if one does."""
        return (self.models or {}).get("webhook")

    @property
    def encryption_key(self) -> Callable[[], str | bytes] | None:
        """The function of the agent's file that gives the key of encrypted rooms."""
        return (self.models or {}).get("encryption_key")
