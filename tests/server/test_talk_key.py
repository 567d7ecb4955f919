"""`talk_key`: what is wrong with one that could not talk, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import Connection

from duologue.access import keys
from duologue.errors import DuologueError
from duologue.server import talk_key
from duologue.settings import Settings
from duologue.store import agents, organizations
from duologue.store import keys as key_store
from duologue.store.database import unit

NOW = 1_795_241_317_310
LOADED = ["desk", "draft"]


@pytest.fixture
def conn(tmp_path: Path) -> Iterator[Connection]:
    """A unit of work on a new database with one agent."""
    with unit(f"sqlite:///{tmp_path / 'duologue.db'}") as conn:
        agents.put(
            conn, org(conn), slug="desk", name="Desk", definition=b'{"slug": "desk"}',
            source="desk.py", now=NOW, publish=True,
        )  # fmt: skip
        yield conn


def org(conn: Connection) -> str:
    """The organization of the tests."""
    found = organizations.get(conn, "default")
    assert found is not None
    return found.id


def public(conn: Connection) -> tuple[str, str]:
    """The id and the text of a new public key for pages of one site."""
    key, text = keys.create(
        conn, org(conn), kind="public", name="", agent="desk", origins=["https://desk.example"],
        scopes=(), expires_at=NOW + 10, now=NOW,
    )  # fmt: skip
    return key.id, text


def reason(conn: Connection, text: str, now: int = NOW, public_url: str = "") -> str:
    """The words with which a key is refused."""
    with pytest.raises(DuologueError) as caught:
        talk_key.check(conn, Settings(talk_key=text, public_url=public_url), LOADED, now)
    assert caught.value.code == "setting_invalid"
    assert "'talk_key'" in caught.value.message
    assert "duologue keys create --kind public" in caught.value.message
    assert text not in caught.value.message
    return caught.value.message


def test_no_key_and_a_good_key_are_no_error(conn: Connection) -> None:
    """Also where the server knows its address, and the key lists it."""
    talk_key.check(conn, Settings(), LOADED, NOW)
    _, text = public(conn)
    talk_key.check(conn, Settings(talk_key=text), LOADED, NOW)
    here = Settings(talk_key=text, public_url="https://desk.example/")
    talk_key.check(conn, here, LOADED, NOW)


def test_an_unknown_a_revoked_and_an_expired_key_are_told_apart(conn: Connection) -> None:
    """Each says what happened to it."""
    assert "not known here" in reason(conn, "dk_public_never")
    key_id, text = public(conn)
    assert "expired" in reason(conn, text, NOW + 10)
    key_store.revoke(conn, org(conn), key_id, NOW)
    assert "revoked" in reason(conn, text)


def test_a_secret_key_is_kept_out_of_the_page(conn: Connection) -> None:
    """It would give the whole organization to every visitor."""
    _, text = keys.create(
        conn, org(conn), kind="secret", name="", agent=None, origins=(), scopes=(),
        expires_at=None, now=NOW,
    )  # fmt: skip
    assert "a secret key must not stand in a page" in reason(conn, text)


def test_a_key_for_other_pages_is_no_key_for_this_one(conn: Connection) -> None:
    """Its origins must list the address that the server says it has."""
    _, text = public(conn)
    message = reason(conn, text, public_url="https://other.example")
    assert "https://desk.example" in message
    assert "https://other.example" in message


def test_a_key_of_a_draft_says_how_to_publish_it(conn: Connection) -> None:
    """Strangers would meet a closed line although a key is set."""
    agents.put(
        conn, org(conn), slug="draft", name="Draft", definition=b'{"slug": "draft"}',
        source="desk.py", now=NOW, publish=False,
    )  # fmt: skip
    _, text = keys.create(
        conn, org(conn), kind="public", name="", agent="draft", origins=["https://desk.example"],
        scopes=(), expires_at=None, now=NOW,
    )  # fmt: skip
    assert "duologue agents publish draft" in reason(conn, text)


def test_a_key_of_an_agent_that_is_not_loaded_names_it_and_what_is(conn: Connection) -> None:
    """Strangers would meet a closed line, and the operator would wonder why."""
    _, text = public(conn)
    for loaded, shown in ((["till", "kiosk"], "till, kiosk"), ([], "none")):
        with pytest.raises(DuologueError) as caught:
            talk_key.check(conn, Settings(talk_key=text), loaded, NOW)
        assert caught.value.code == "setting_invalid"
        assert "agent 'desk'" in caught.value.message
        assert shown in caught.value.message
        assert "start with the file that defines 'desk'" in caught.value.message
        assert text not in caught.value.message
