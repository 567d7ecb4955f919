"""Keys in the console: made and shown once, allowed, rotated, revoked."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.server.manor import Guest, Manor, agent, manor

from duologue.access import keys as doorkeeper
from duologue.server.serve import now_ms
from duologue.store import keys
from duologue.store.records import Key

# Litestar 2.25 warns of names that 2.20, which we also run on, has no others for.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Manor]:
    """A house with an agent."""
    with manor(tmp_path / "data", agent("desk")) as made:
        yield made


@pytest.fixture
def owner(house: Manor) -> Guest:
    """An owner."""
    return house.enter()


def every(house: Manor) -> list[Key]:
    """All keys of the house."""
    return house.unit(keys.all, house.org_id)


def opens(house: Manor, text: str) -> doorkeeper.Principal:
    """Whom a key lets in."""
    return house.unit(doorkeeper.authenticate, text, now_ms())


def text_in(page: str, kind: str) -> str:
    """The text of a key that a page shows."""
    found = re.search(rf"<code>(dk_{kind}_[A-Za-z0-9_-]+)</code>", page)
    assert found is not None
    return found[1]


def test_a_key_for_pages_is_shown_once_with_its_tag(house: Manor, owner: Guest) -> None:
    """A reload shows it no more; it opens its agent from the pages that were listed."""
    assert "No key opens anything" in owner.page("/console/keys")
    made = owner.send(
        "/console/keys/public",
        agent="desk",
        origins="https://A.example\nhttps://b.example, http://localhost:3000",
        name="shop",
        expires="30d",
    )
    first, again = owner.page(made), owner.page(made)
    text = text_in(first, "public")
    assert f"key=&#34;{text}&#34;" in first
    assert text not in again
    assert "Copy it now" not in again
    who = opens(house, text)
    assert who.origins == ("https://a.example", "https://b.example", "http://localhost:3000")
    (key,) = every(house)
    assert key.expires_at is not None
    assert 29 < (key.expires_at - now_ms()) / 86_400_000 <= 30
    listed = owner.page("/console/keys")
    assert "shop" in listed
    assert f"…{key.hint}" in listed
    assert "https://a.example, https://b.example" in listed
    assert "in 29 days" in listed


def test_a_key_for_servers_has_the_scopes_that_were_ticked(house: Manor, owner: Guest) -> None:
    """Somebody else who opens its page does not see its text."""
    made = owner.send("/console/keys/secret", scope=["read", "admin"], name="back end")
    other = house.enter()
    assert "dk_secret_" not in other.page(made)
    text = text_in(owner.page(made), "secret")
    assert (opens(house, text)).scopes == ("read", "admin")
    assert "duologue-widget" not in owner.page(made)


def test_a_key_with_a_scope_of_earlier_versions_opens_what_is_left(
    house: Manor, owner: Guest
) -> None:
    """`worker` never opened anything: such a key goes on as it is, and no new one gets it."""
    text = doorkeeper.mint("secret")
    made = house.unit(
        keys.insert,
        house.org_id,
        kind="secret",
        hash=doorkeeper.digest(text),
        hint="old",
        name="",
        agent_id=None,
        origins=[],
        scopes=["read", "worker"],
        now=now_ms(),
        expires_at=None,
    )
    opens(house, text).require("read")
    assert "read, worker" in owner.page("/console/keys")
    assert "nothing any more" in owner.page(f"/console/keys/{made.id}")
    rotated = owner.send(f"/console/keys/{made.id}/rotate", overlap="day")
    assert opens(house, text_in(owner.page(rotated), "secret")).scopes == ("read", "worker")
    assert 'value="worker"' not in owner.page("/console/keys")


@pytest.mark.parametrize(
    ("kind", "fields", "words"),
    [
        (
            "public",
            {"agent": "desk", "origins": "shop.example"},
            "&#39;shop.example&#39; is not",
        ),
        ("public", {"agent": "desk", "origins": " "}, "write one a line: https://example.com"),
        ("public", {"agent": "bar", "origins": "https://a.example"}, "There is no agent &#39;bar"),
        ("secret", {"scope": "all"}, "There is no scope &#39;all&#39;; scopes are sessions, read"),
        ("secret", {}, "It could do nothing; choose from sessions, read"),
        ("secret", {"scope": "read", "expires": "soon"}, "&#39;soon&#39; is neither a span such"),
        ("secret", {"scope": "read", "expires": "1999-01-01"}, "lies in the past"),
        ("secret", {"scope": "read", "name": "x" * 201}, "It has 201 letters; 200 at most"),
        ("secret", {"scope": "read", "name": "a\x00b"}, "NUL"),
    ],
)
def test_what_cannot_be_is_told_in_the_form(
    house: Manor, owner: Guest, kind: str, fields: dict[str, Any], words: str
) -> None:
    """Beside the field, with what was filled in; no key is made."""
    known: dict[str, Any] = {"name": "the <shop>"} | fields
    shown = owner.refused(f"/console/keys/{kind}", **known)
    assert words in shown
    whom = "pages" if kind == "public" else "servers"
    assert f'<details class="sheet" open>\n<summary><span>For {whom}' in shown
    if known["name"] == "the <shop>":
        assert 'value="the &lt;shop&gt;"' in shown
    if "expires" in fields:
        assert f'value="{fields["expires"]}"' in shown
        assert 'aria-invalid="true"' in shown
    assert every(house) == []


def test_a_field_that_the_form_does_not_have_is_refused(owner: Guest) -> None:
    """By its name, and so is a file."""
    shown = owner.refused("/console/keys/secret", scope="read", kind="public")
    assert "the form has no field &#39;kind&#39;; it has scope, name, expires" in shown
    answer = owner.ask(
        *("POST", "/console/keys/secret"), data={"scope": "read"}, files={"name": ("x", b"x")}
    )
    assert (answer.status_code, "is a file" in answer.text) == (400, True)


def test_more_pages_are_allowed(house: Manor, owner: Guest) -> None:
    """One that is none is told, and the key stays as it is."""
    made = owner.send("/console/keys/public", agent="desk", origins="https://a.example")
    after = owner.follow(f"{made}/origins", origins="https://*.b.example")
    assert "https://*.b.example" in after
    for wrong, words in (("ftp://x", "is not an origin"), ("", "names no page")):
        shown = owner.refused(f"{made}/origins", origins=wrong)
        assert words in shown
    (key,) = every(house)
    assert key.origins == ["https://a.example", "https://*.b.example"]
    secret = owner.send("/console/keys/secret", scope="read")
    assert "origins are for public ones" in owner.refused(
        f"{secret}/origins", origins="https://a.example"
    )


def test_a_key_is_rotated_with_an_overlap(house: Manor, owner: Guest) -> None:
    """The new one is shown once; the old one ends an hour later, or at once."""
    first = owner.send("/console/keys/secret", scope="read", name="back end")
    old = text_in(owner.page(first), "secret")
    second = owner.send(f"{first}/rotate", overlap="hour")
    assert second != first
    new = text_in(owner.page(second), "secret")
    assert (opens(house, old)).scopes == (opens(house, new)).scopes == ("read",)
    ended = next(each for each in every(house) if each.id in first)
    assert ended.expires_at is not None
    assert 0 < ended.expires_at - now_ms() <= 3_600_000
    assert "is not offered; choose none, hour, day, week" in owner.refused(
        f"{second}/rotate", overlap="year"
    )
    third = owner.send(f"{second}/rotate", overlap="none")
    shown = owner.page(second)
    assert "revoked" in shown
    assert "Rotate" not in shown
    assert "This key is revoked" in owner.refused(f"{second}/rotate", 401, overlap="hour")
    assert len(every(house)) == 3
    assert "valid" in owner.page(third)


def test_a_revoked_key_opens_nothing(house: Manor, owner: Guest) -> None:
    """It stands apart in the list."""
    made = owner.send("/console/keys/secret", scope="read")
    text = text_in(owner.page(made), "secret")
    assert "revoked" in owner.follow(f"{made}/revoke")
    with pytest.raises(Exception, match="revoked"):
        opens(house, text)
    listed = owner.page("/console/keys")
    assert "1 that opens nothing any more" in listed
    assert "No key opens anything" in listed


def test_a_link_opens_the_form_with_what_is_known(owner: Guest) -> None:
    """As an agent's page leads here."""
    shown = owner.page("/console/keys?kind=public&agent=desk")
    assert '<option value="desk" selected>' in shown
    assert '<details class="sheet" open>' in shown


def test_keys_that_are_not_there_are_named(owner: Guest) -> None:
    """On a page of their own."""
    assert "There is no key &#39;key_x&#39;" in owner.page("/console/keys/key_x", 404)
    for deed, fields in (
        ("origins", {"origins": "https://a.example"}),
        ("rotate", {"overlap": "day"}),
    ):
        assert "No such key" in owner.refused(f"/console/keys/key_x/{deed}", 404, **fields)
    assert "No such key" in owner.refused("/console/keys/key_x/revoke", 404)


def test_viewers_are_offered_nothing(house: Manor, owner: Guest) -> None:
    """They see which keys there are."""
    made = owner.send("/console/keys/public", agent="desk", origins="https://a.example")
    viewer = house.enter("viewer")
    for path in ("/console/keys", made):
        shown = viewer.page(path)
        assert shown.count("<form") == 1  # to sign out
