"""`@duologue.agent`: how a file says which of its agents answer, and the catalog of them all."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any, Final, TypeVar, cast

import msgspec
from livekit.agents import Agent, llm, stt, tts, vad

from duologue.agents.definition import AgentDefinition, Factory, LoadedAgent
from duologue.agents.voices import grammar
from duologue.agents.webhook import options as webhooks
from duologue.errors import DuologueError

Made = TypeVar("Made", bound=Callable[..., Agent])

MODELS: Final[dict[str, type[Any]]] = {
    "stt": stt.STT,
    "llm": llm.LLM,
    "tts": tts.TTS,
    "realtime": llm.RealtimeModel,
    "vad": vad.VAD,
}
_NAMED: Final = frozenset(MODELS) - {"vad"}
_TABLES: Final = frozenset({"turns", "widget"})
"""Fields that are tables of their own; a file may write them as structs."""
_FIELDS: Final = frozenset(AgentDefinition.__struct_fields__) - {"slug"}


@dataclass(slots=True)
class Collection:
    """What one file registers while it is imported."""

    source: str
    agents: list[LoadedAgent] = field(default_factory=list)


_COLLECTING: ContextVar[Collection | None] = ContextVar("duologue_collecting", default=None)


class Catalog:
    """Every loaded agent by its slug; no two share one."""

    def __init__(self) -> None:
        self._agents: dict[str, LoadedAgent] = {}

    def add(self, loaded: LoadedAgent) -> None:
        """Takes an agent in; a slug that is taken is refused, naming both places."""
        slug = loaded.definition.slug
        earlier = self._agents.get(slug)
        if earlier is not None:
            raise DuologueError(
                "agent_invalid",
                agent=slug,
                reason=f"it is defined twice, in {earlier.source} and in {loaded.source}; "
                "rename one of them",
            )
        self._agents[slug] = loaded

    def replace(self, loaded: LoadedAgent) -> None:
        """Puts an agent in the place of the one with its slug."""
        self._agents[loaded.definition.slug] = loaded

    def get(self, slug: str) -> LoadedAgent | None:
        """The agent of that slug, if it was loaded."""
        return self._agents.get(slug)

    def all(self) -> list[LoadedAgent]:
        """Every agent, in the order in which they were added."""
        return list(self._agents.values())


def agent(slug: str, /, **given: Any) -> Callable[[Made], Made]:
    """Registers an `Agent` class, or a function that returns an Agent, under a slug.

    Keywords are the fields of `AgentDefinition`; `stt`, `llm`, `tts`, `realtime` and `vad` may be
    plugin objects or functions that make one.
    """
    definition, models = describe(slug, given)

    def register(made: Made) -> Made:
        collection = _COLLECTING.get()
        source = collection.source if collection else made.__module__
        loaded = LoadedAgent(definition, _maker(made, definition), source, models or None)
        if collection is not None:
            collection.agents.append(loaded)
        return made

    return register


@contextmanager
def collecting(source: str) -> Iterator[Collection]:
    """While it is open, what `@duologue.agent` registers goes into the collection."""
    collection = Collection(source)
    token = _COLLECTING.set(collection)
    try:
        yield collection
    finally:
        _COLLECTING.reset(token)


def describe(slug: str, given: dict[str, Any]) -> tuple[AgentDefinition, dict[str, Any]]:
    """The definition that keywords or a toml table mean, and the model objects among them."""
    known = _FIELDS | {"webhook"}
    unknown = sorted(set(given) - known - set(MODELS))
    if unknown:
        reason = f"there is no option {unknown[0]!r}; there are {', '.join(sorted(known))}"
        raise DuologueError("agent_invalid", agent=slug, reason=reason)
    models = {
        kind: _model(slug, kind, given[kind])
        for kind in MODELS
        if given.get(kind) is not None and not (kind in _NAMED and isinstance(given[kind], str))
    }
    if callable(key := given.get("encryption_key")):
        models["encryption_key"] = key
    if given.get("webhook") is not None:
        models["webhook"] = _webhook(slug, given)
    written = {
        name: value for name, value in given.items() if name not in models and value is not None
    }
    for name in _TABLES & written.keys():
        if isinstance(written[name], msgspec.Struct):
            written[name] = msgspec.structs.asdict(written[name])
    try:
        definition = msgspec.convert({**written, "slug": slug}, AgentDefinition)
        for phrase in definition.phrases:
            grammar.body(phrase)
        _check_encryption(definition, given=callable(key))
        return definition, models
    except DuologueError as error:
        if error.code == "agent_invalid":
            raise
        raise DuologueError("agent_invalid", agent=slug, reason=error.message.rstrip(".")) from None
    except msgspec.ValidationError as error:
        raise DuologueError("agent_invalid", agent=slug, reason=_reason(error)) from None


def maker_of(made: type[Agent], definition: AgentDefinition) -> Factory:
    """What makes an agent of a class that no decorator registered."""
    return _maker(made, definition)


def _check_encryption(definition: AgentDefinition, *, given: bool) -> None:
    """Refuses an encrypted agent whose key is nowhere, or lies open, or that nobody reaches."""
    place = definition.encryption_key
    if place and not re.fullmatch(r"env:[A-Za-z_]\w*|file:.+", place):
        raise _no_agent(definition, "encryption_key is env:NAME or file:PATH, never the key itself")
    if definition.encryption != "off" and not (place or given):
        reason = f"encryption is {definition.encryption!r} and encryption_key is empty; write "
        raise _no_agent(definition, reason + "env:NAME or file:PATH, or give a function")
    if not definition.roads:
        raise _no_agent(definition, "what must be encrypted needs 'livekit' among its transports")


def _webhook(slug: str, given: dict[str, Any]) -> webhooks.Webhook:
    """The back end that thinks; nothing else may think, too."""
    for kind in ("llm", "realtime"):
        if given.get(kind):
            reason = f"it has a webhook and {kind}, and only one can think; take one of them out"
            raise DuologueError("agent_invalid", agent=slug, reason=reason)
    return webhooks.read(slug, given["webhook"])


def _no_agent(definition: AgentDefinition, reason: str) -> DuologueError:
    return DuologueError("agent_invalid", agent=definition.slug, reason=reason)


def _model(slug: str, kind: str, value: Any) -> Any:
    if isinstance(value, MODELS[kind]) or (callable(value) and not isinstance(value, str)):
        return value
    reason = (
        f"{kind} is {value!r}; it must be a {MODELS[kind].__name__} of a livekit plugin, a "
        "function that makes one"
    )
    named = ", or a string such as 'deepgram/nova-3'" if kind in _NAMED else ""
    raise DuologueError("agent_invalid", agent=slug, reason=reason + named)


def _maker(made: Callable[..., Agent], definition: AgentDefinition) -> Factory:
    """A function without arguments; a class without its own `__init__` gets its instructions."""
    slug = definition.slug
    if inspect.isclass(made):
        if not issubclass(made, Agent):
            reason = f"{made.__name__} is not a livekit.agents.Agent"
            raise DuologueError("agent_invalid", agent=slug, reason=reason)
        if made.__init__ is Agent.__init__:
            doc = inspect.cleandoc(made.__doc__ or "")
            return lambda: made(instructions=definition.instructions or doc)
    elif inspect.iscoroutinefunction(made) or not callable(made):
        reason = "it must be an Agent class or a plain function that returns an Agent"
        raise DuologueError("agent_invalid", agent=slug, reason=reason)
    needed = [
        parameter.name
        for parameter in inspect.signature(made).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind not in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD)
    ]
    if needed:
        reason = f"it is made without arguments, but needs {', '.join(needed)}"
        raise DuologueError("agent_invalid", agent=slug, reason=reason)
    return cast("Factory", made)


def _reason(error: msgspec.ValidationError) -> str:
    """The validator's words, with the field as its owner wrote it."""
    words, _, where = str(error).partition(" - at `$.")
    unknown = words.partition("unknown field ")[2].strip("`")
    field_name = where.rstrip("`")
    if unknown:
        return f"there is no option {'.'.join(filter(None, [field_name, unknown]))!r}"
    return f"{field_name}: {words[0].lower()}{words[1:]}" if field_name else words
