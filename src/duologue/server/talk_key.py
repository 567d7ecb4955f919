"""The operator's `talk_key`, checked once before anybody comes."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection

from duologue.access import origins
from duologue.access.secrets import digest
from duologue.console.talk import talks_with
from duologue.errors import DuologueError
from duologue.settings import Settings
from duologue.store import keys

MEND = (
    "make one: duologue keys create --kind public --agent NAME --origin https://your.site, "
    "or leave talk_key empty"
)


def check(conn: Connection, settings: Settings, loaded: Collection[str], now: int) -> None:
    """Refuses a key with which the page could not talk, and says what to do."""
    if not settings.talk_key:
        return
    try:
        agent = talks_with(conn, settings.talk_key, now)
    except DuologueError as error:
        reason = f"{error.message[:1].lower()}{error.message[1:].rstrip('.')}; {MEND}"
        raise DuologueError("setting_invalid", name="talk_key", reason=reason) from None
    if agent.slug not in loaded:
        reason = (
            f"the key is for agent {agent.slug!r}, and the agents loaded here are "
            f"{', '.join(loaded) or 'none'}; start with the file that defines {agent.slug!r}, "
            f"or {MEND}"
        )
        raise DuologueError("setting_invalid", name="talk_key", reason=reason)
    key = keys.by_hash(conn, digest(settings.talk_key))
    page = settings.public_url.rstrip("/")
    if key is not None and page and not origins.allowed(page, key.origins):
        listed = ", ".join(key.origins)
        raise DuologueError(
            "setting_invalid",
            name="talk_key",
            reason=f"the key is for pages of {listed}, and this server is {page}; {MEND}",
        )
