"""Who is signed in to the console, and who was invited."""

from __future__ import annotations

import msgspec
from sqlalchemy import Connection

from duologue.access import console
from duologue.console.pages.forms import Form
from duologue.store.console import SignIn


class PeopleView(msgspec.Struct, frozen=True, kw_only=True):
    """The page."""

    people: list[SignIn]
    links: list[SignIn]
    """Invitations that nobody has used yet."""
    invitation: Form
    link: str
    """The address of the invitation that was just made, this once."""
    now: int


def load(
    conn: Connection, org_id: str, *, invitation: Form | None = None, link: str = "", now: int
) -> PeopleView:
    """Everybody, the newest first."""
    found = console.people(conn, org_id, now)
    return PeopleView(
        people=[each for each in found if each.kind == "session"],
        links=[each for each in found if each.kind == "link"],
        invitation=invitation or Form(values={"role": ["viewer"]}),
        link=link,
        now=now,
    )
