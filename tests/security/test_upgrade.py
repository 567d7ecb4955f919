"""The socket's door: what opens it, and all that does not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.security.estate import MARK, OURS, SHOP, Estate, estate
from tests.security.sockets import upgrade

from duologue.core.redaction import GONE
from duologue.server.serve import now_ms
from duologue.store import conversations, keys
from duologue.transports.upgrade import PROTOCOL

# Litestar 2.25 warns of names that 2.20, which we also run on, has no others for.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
ELSEWHERE = "https://evil.example"


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    """Two organizations on one server."""
    with estate(tmp_path_factory.mktemp("upgrade")) as made:
        yield made


def session(house: Estate, key: str, *, origin: str | None = None, **fields: Any) -> dict[str, Any]:
    """What authorize answers."""
    headers = {"origin": origin} if origin else {}
    body = {"agent_id": OURS, "capabilities": ["resume"], **fields}
    answer = house.ask("POST", "/v1/agents/web/authorize_session", key, body, **headers)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_whatever_is_no_session_key_opens_nothing(house: Estate) -> None:
    """Not the key that could authorize one, nor any other secret or id of the same session."""
    secret, public = house.key(), house.public()
    made = session(house, public, origin=SHOP)
    key = made["client_session_key"]
    strange = session(house, house.key(house.org), agent_id=MARK)
    wrong = [
        None,
        "",
        "guessed",
        "dk_session_guessed",
        secret,
        public,
        house.key(house.org),
        house.owner(),
        made["session_id"],
        made["conversation_id"],
        made["resume_token"],
        strange["session_id"],
        strange["conversation_id"],
        strange["resume_token"],
        key[:-1],
        key + "x",
        key.upper(),
        f" {key}",
        f"{key}\x00",
    ]
    for one in wrong:
        for protocols in ((), (PROTOCOL, one or "x")):
            found = upgrade(house, None if protocols else one, origin=SHOP, protocols=protocols)
            assert (found.opened, found.status) == (False, 401), one
            assert MARK.encode() not in found.body
            if one and "_" in one and one.startswith("dk_"):
                assert one.encode() not in found.body


def test_the_session_key_goes_through(house: Estate) -> None:
    """As far as the agent, of which nobody can be made here: so all the others were refused."""
    key = session(house, house.public(), origin=SHOP)["client_session_key"]
    for protocols in ((), (PROTOCOL, key)):
        found = upgrade(house, None if protocols else key, origin=SHOP, protocols=protocols)
        assert b"agent_failed" in found.body, found


def test_no_header_is_a_session_key(house: Estate) -> None:
    """Browsers send cookies along from any page, and proxies add headers."""
    made = session(house, house.key())
    key = made["client_session_key"]
    for headers in (
        {"authorization": f"Bearer {key}"},
        {"x-api-key": key},
        {"cookie": f"client_session_key={key}; duologue_console={house.owner()}"},
    ):
        found = upgrade(house, None, **headers)
        assert (found.opened, found.status) == (False, 401)


@pytest.mark.parametrize("origin", [ELSEWHERE, "null", "", "https://shop.example.evil", None])
def test_other_pages_open_nothing(house: Estate, origin: str | None) -> None:
    """With the very session key that a page of the shop was given."""
    key = session(house, house.public(), origin=SHOP)["client_session_key"]
    found = upgrade(house, key, origin=origin)
    assert (found.opened, found.status) == (False, 403)


def test_a_key_that_was_replaced_opens_nothing(house: Estate) -> None:
    """Each authorize of a conversation voids the key before."""
    secret = house.key()
    first = session(house, secret)
    again = session(house, secret, conversation_id=first["conversation_id"])
    assert again["client_session_key"] != first["client_session_key"]
    found = upgrade(house, first["client_session_key"])
    assert (found.opened, found.status) == (False, 401)


def test_a_key_whose_conversation_or_owner_is_gone_opens_nothing(house: Estate) -> None:
    """Ended, deleted, or authorized with a key that was revoked since."""
    secret = house.key()
    ended, deleted = session(house, secret), session(house, secret)
    house.house.unit(
        conversations.end, house.house.org_id, ended["conversation_id"], "late", now_ms()
    )
    house.house.unit(conversations.delete, house.house.org_id, deleted["conversation_id"])
    revoked = session(house, secret)
    for each in house.house.unit(keys.all, house.house.org_id):
        house.house.unit(keys.revoke, house.house.org_id, each.id, now_ms())
    found = [upgrade(house, each["client_session_key"]) for each in (ended, deleted, revoked)]
    assert [(each.opened, each.status) for each in found] == [
        (False, 410),
        (False, 401),
        (False, 401),
    ]


def test_a_key_of_another_organization_opens_its_own_agent_only(house: Estate) -> None:
    """Whatever a page says of agents and conversations: the key decides, and they are two."""
    key = session(house, house.key(house.org), agent_id=MARK)["client_session_key"]
    found = upgrade(house, key, origin="https://anywhere.example")
    assert not found.opened
    assert found.status in (403, 503)  # nothing of theirs is loaded here


@pytest.mark.parametrize("path", ["/", "/v1/conversations", "/console/live/stream", "/nowhere"])
def test_there_is_one_socket_and_no_other(house: Estate, path: str) -> None:
    """No other address is upgraded, for whomever."""
    key = session(house, house.key())["client_session_key"]
    assert not upgrade(house, key, path=path).opened


def test_no_refusal_tells_the_key(house: Estate, caplog: pytest.LogCaptureFixture) -> None:
    """Neither its answer nor a line of the log."""
    key = session(house, house.public(), origin=SHOP)["client_session_key"]
    found = upgrade(house, key, origin=ELSEWHERE)
    assert key.encode() not in found.body
    assert GONE not in found.body.decode()
    assert key not in caplog.text
