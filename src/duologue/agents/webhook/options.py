"""Where an agent's back end is, what it is told, and how long it may take."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, get_args
from urllib.parse import urlsplit

import msgspec

from duologue.errors import DuologueError
from duologue.wire.webhooks import Selectable

Limit = Annotated[float, msgspec.Meta(gt=0, le=600)]
EVENTS: Final[tuple[Selectable, ...]] = get_args(Selectable)
_OURS: Final = frozenset(
    {
        *("accept", "accept-encoding", "connection", "content-encoding", "content-length"),
        *("content-type", "expect", "forwarded", "host", "keep-alive", "layercode-signature"),
        *("proxy-authorization", "te", "trailer", "transfer-encoding", "upgrade", "user-agent"),
    }
)
"""What no header of others may say in our place."""
_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_VALUE: Final = re.compile(r"([\x21-\x7e]([\t\x20-\x7e]{0,3998}[\x21-\x7e])?)?")
UNFIT: Final = (
    "is no header that can be sent: a name is one word, a value at most 4000 characters of ASCII "
    "without spaces around them"
)
"""What is wrong with a header, after its name; its value may be secret."""


class Webhook(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An agent's back end; it stands in no store, because addresses and headers may be secret."""

    url: Annotated[str, msgspec.Meta(pattern=r"\Ahttps?://\S+\Z")]
    """Where every event is posted to: `https://…`, which leads to no private network unless
    `allow_private_webhooks` is set."""
    events: tuple[Selectable, ...] = EVENTS
    """Which events it takes beside `message`, which always comes."""
    secret: Annotated[str, msgspec.Meta(pattern=r"\A(env:[A-Za-z_]\w*|file:.+)?\Z")] = ""
    """Where the secret is that signs: `env:NAME` or `file:PATH`. Empty makes it of the setting
    `webhook_secret`; `duologue agents secret NAME` shows that one."""
    headers: dict[str, str] = {}
    """What every request carries; a value of the form `env:NAME` is read from the environment."""
    connect: Limit = 5.0
    """Seconds until it must be reached."""
    first: Limit = 15.0
    """Seconds until the first byte of its answer."""
    silence: Limit = 10.0
    """Seconds between two pieces of its answer."""
    whole: Limit = 120.0
    """Seconds for an answer as a whole; one that is not at its end then is as long as it came."""

    @property
    def host(self) -> str:
        """The place that may be shown to everybody."""
        return urlsplit(self.url).hostname or ""


def read(slug: str, given: Any) -> Webhook:
    """What an address, a table or a struct means, or an error that says what is wrong with it."""
    table = {"url": given} if isinstance(given, str) else given
    try:
        found = msgspec.convert(
            msgspec.structs.asdict(table) if isinstance(table, Webhook) else table, Webhook
        )
    except msgspec.ValidationError as error:
        words, _, where = str(error).partition(" - at `$.")
        name = f"webhook.{where.rstrip('`')}" if where else "webhook"
        raise _no_agent(slug, f"{name}: {words[0].lower()}{words[1:]}") from None
    for name in found.headers:
        if name.lower() in _OURS:
            raise _no_agent(slug, f"webhook.headers: {name!r} is said by duologue itself")
    if (unfit := unsendable(found.headers)) is not None:
        raise _no_agent(slug, f"webhook.headers: {unfit!r} {UNFIT}")
    return found


def unsendable(headers: Mapping[str, str]) -> str | None:
    """The name of a header that cannot be sent, if there is one."""
    for name, value in headers.items():
        if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
            return name
    return None


def carried(given: Mapping[str, str]) -> dict[str, str]:
    """Of a session's own headers those that can be sent and are not ours."""
    return {
        name: value
        for name, value in given.items()
        if name.lower() not in _OURS and unsendable({name: value}) is None
    }


def resolved(slug: str, webhook: Webhook, environment: Mapping[str, str]) -> dict[str, str]:
    """The headers of every request, with what the environment knows of them."""
    found = {
        name: _of(slug, f"webhook.headers.{name}", value, environment) if _is_name(value) else value
        for name, value in webhook.headers.items()
    }
    if (unfit := unsendable(found)) is not None:
        raise _no_agent(slug, f"webhook.headers: {unfit!r} {UNFIT}")
    return found


def secret_of(slug: str, webhook: Webhook, environment: Mapping[str, str]) -> str:
    """The secret that the owner set; empty where they set none."""
    return _of(slug, "webhook.secret", webhook.secret, environment) if webhook.secret else ""


def _is_name(value: str) -> bool:
    return re.fullmatch(r"env:[A-Za-z_]\w*", value) is not None


def _of(slug: str, what: str, place: str, environment: Mapping[str, str]) -> str:
    kind, _, where = place.partition(":")
    if kind == "env":
        if not (value := environment.get(where, "").strip()):
            raise _no_agent(slug, f"{what}: the environment has no {where}")
        return value
    try:
        found = Path(where).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        why = os.strerror(error.errno or 0) if isinstance(error, OSError) else "it is no text"
        raise _no_agent(slug, f"{what}: {where}: {why}") from None
    if not found:
        raise _no_agent(slug, f"{what}: {where} is empty")
    return found


def _no_agent(slug: str, reason: str) -> DuologueError:
    return DuologueError("agent_invalid", agent=slug, reason=reason)
