"""A conversation is resumed by who may, and by nobody else, through whichever door they come."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.security.estate import OURS, SHOP, Estate, estate
from tests.security.sockets import upgrade
from tests.server.manor import agent, put

from duologue.access.resume_tokens import digest
from duologue.server.serve import now_ms
from duologue.store import conversations, runs, sessions
from duologue.store.ids import fresh

# Litestar 2.25 warns of names that 2.20, which we also run on, has no others for.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
BLOG = "https://blog.example"
DOORS = ("/v1/agents/web/authorize_session", "/api/token", "/api/widget/session")
"""Every door that opens a session; the developers' one is the second under another address."""


class Visitor:
    """Somebody on a page of the shop who talked, and what their browser keeps."""

    def __init__(self, house: Estate) -> None:
        self.house = house
        self.page = house.public()
        self.kept = self._talk()
        self.before = self.kept
        """What their browser kept before it came back, which is void by now."""
        self.kept = self._talk(conversation_id=self.conversation, resume_token=self.token)

    @property
    def conversation(self) -> str:
        """Its id, which stands in addresses, logs and on pages."""
        return str(self.kept["conversation_id"])

    @property
    def token(self) -> str:
        """What shows that one was there."""
        return str(self.kept["resume_token"])

    def _talk(self, **fields: Any) -> dict[str, Any]:
        made = ask(self.house, DOORS[0], self.page, SHOP, capabilities=["resume"], **fields)
        assert made.status_code == 200, made.text
        kept = dict(made.json())
        self._open(kept)
        return kept

    def _open(self, kept: dict[str, Any]) -> None:
        """Opens the session and leaves it, as its socket does."""
        house, org, now = self.house.house, self.house.house.org_id, now_ms()
        found = house.unit(conversations.get, org, kept["conversation_id"])
        assert found is not None
        run = fresh("run_", now)
        house.unit(
            runs.start,
            org,
            id=run,
            conversation_id=found.id,
            agent_id=found.agent_id,
            process="x",
            now=now,
        )
        house.unit(sessions.open, org, kept["session_id"], run, now)
        house.unit(sessions.detach, org, kept["session_id"], now)


def ask(
    house: Estate, door: str, key: str | None, origin: str | None, **fields: Any
) -> httpx.Response:
    """Asks for a session at a door."""
    body = {"agent_id": OURS, "transports": ["websocket"], **fields}
    headers = {"origin": origin} if origin else {}
    return house.ask("POST", door, key, body, **headers)


def opened(answer: httpx.Response) -> dict[str, Any]:
    """What a session is, whichever door it is from; nothing where there is none."""
    if answer.status_code >= 400:
        return {}
    told = answer.json()
    return dict(told.get("duologue", told))


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    """Two organizations on one server."""
    with estate(tmp_path_factory.mktemp("resumption")) as made:
        put(made.house, made.house.org_id, agent("clerk"))
        yield made


@pytest.fixture(scope="module")
def visitor(house: Estate) -> Visitor:
    """Somebody who was here, came back, and left again."""
    return Visitor(house)


def thefts(house: Estate, visitor: Visitor) -> dict[str, tuple[str | None, str | None, Any]]:
    """By what somebody would try it: the key, the page, and what else they say."""
    other = Visitor(house)
    talk, token = visitor.conversation, visitor.token
    own, theirs = house.public(), house.key()
    blog = other.page
    named = {"conversation_id": talk}
    return {
        "the id alone": (own, SHOP, named),
        "the id and nothing for a token": (own, SHOP, named | {"resume_token": ""}),
        "the id and a made-up token": (own, SHOP, named | {"resume_token": "dk_resume_guessed"}),
        "the id and the token before": (
            own,
            SHOP,
            named | {"resume_token": visitor.before["resume_token"]},
        ),
        "the token before alone": (
            own,
            SHOP,
            {"resume_token": visitor.before["resume_token"]},
        ),
        "the id and another visitor's token": (own, SHOP, named | {"resume_token": other.token}),
        "the id and the session's id": (
            own,
            SHOP,
            named | {"resume_token": visitor.kept["session_id"]},
        ),
        "the session's id for the conversation's": (
            own,
            SHOP,
            {"conversation_id": visitor.kept["session_id"], "resume_token": token},
        ),
        "the id and the session key": (
            own,
            SHOP,
            named | {"resume_token": visitor.kept["client_session_key"]},
        ),
        "the id twice": (own, SHOP, named | {"resume_token": talk}),
        "the id and the token's hash": (own, SHOP, named | {"resume_token": digest(token)}),
        "the token with a letter more": (own, SHOP, {"resume_token": token + "A"}),
        "the token with a letter less": (own, SHOP, {"resume_token": token[:-1]}),
        "the token in other letters": (own, SHOP, {"resume_token": token.swapcase()}),
        "the token from another page": (blog, BLOG, {"resume_token": token}),
        "the id and the token from another page": (
            house.public("clerk"),
            BLOG,
            named | {"resume_token": token, "agent_id": "clerk"},
        ),
        "the token from no page": (theirs, None, {"resume_token": token}),
        "the token with another agent's key": (
            house.public("clerk"),
            SHOP,
            {"resume_token": token, "agent_id": "clerk"},
        ),
        "the id and the token of another agent": (
            house.public("clerk"),
            SHOP,
            named | {"resume_token": token, "agent_id": "clerk"},
        ),
        "the token with another organization's key": (
            house.key(house.org),
            SHOP,
            {"resume_token": token, "agent_id": "rivalry"},
        ),
        "the id with another organization's key": (
            house.key(house.org),
            None,
            named | {"agent_id": "rivalry"},
        ),
        "everything without a key": (None, SHOP, named | {"resume_token": token}),
        "everything with the session key for a key": (
            visitor.kept["client_session_key"],
            SHOP,
            named | {"resume_token": token},
        ),
        "everything with the token for a key": (token, SHOP, named),
    }


@pytest.mark.parametrize("door", DOORS)
def test_nobody_goes_on_with_what_is_not_theirs(house: Estate, visitor: Visitor, door: str) -> None:
    """Each try is refused, or is a conversation of its own; and nothing of theirs has changed."""
    tries = thefts(house, visitor)
    before = look(house, visitor)
    for by, (key, origin, fields) in tries.items():
        got = opened(ask(house, door, key, origin, **fields))
        assert got.get("conversation_id") != visitor.conversation, by
        assert got.get("resumed") is None, by
        assert look(house, visitor) == before, by


@pytest.mark.parametrize("door", DOORS)
def test_what_is_refused_tells_nothing(house: Estate, visitor: Visitor, door: str) -> None:
    """A conversation that there is, is answered as one that there never was."""
    own = house.public()
    nobody = visitor.conversation[:-6] + "abcdef"
    for token in (None, "dk_resume_guessed"):
        found = [
            ask(house, door, own, SHOP, conversation_id=talk, resume_token=token)
            for talk in (visitor.conversation, nobody)
        ]
        assert found[0].status_code == found[1].status_code >= 400
        texts = [found[0].text.replace(visitor.conversation, ""), found[1].text.replace(nobody, "")]
        assert texts[0] == texts[1]


def test_the_session_key_before_opens_nothing(house: Estate, visitor: Visitor) -> None:
    """It was void when the visitor came back, from their own page too."""
    found = upgrade(house, visitor.before["client_session_key"], origin=SHOP)
    assert (found.opened, found.status) == (False, 401)


def test_who_was_there_comes_back_after_all_that(house: Estate) -> None:
    """Thieves void nothing: the token works through each door, for its page."""
    for door in DOORS:
        visitor = Visitor(house)
        for key, origin, fields in thefts(house, visitor).values():
            ask(house, door, key, origin, **fields)
        got = opened(
            ask(
                house,
                door,
                visitor.page,
                SHOP,
                conversation_id=visitor.conversation,
                resume_token=visitor.token,
            )
        )
        assert got["conversation_id"] == visitor.conversation
        assert got["resumed"] == "rebuilt"


def look(house: Estate, visitor: Visitor) -> Any:
    """A conversation as the store has it."""
    return house.house.unit(conversations.get, house.house.org_id, visitor.conversation)
