"""Every door of the server, walked with every kind of key by those who may not go through it.

The console's doors are walked the same way in `tests/server/test_console_routes.py`, the socket's
in `test_upgrade.py`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.security.doors import ACTS, DOORS, REACHES_READERS, RENAMED, Door, filled
from tests.security.estate import MARK, OURS, SHOP, Estate, estate, walked
from tests.server.test_console_routes import DOORS as CONSOLE

from duologue.access import keys
from duologue.access.keys import SCOPES
from duologue.server.serve import now_ms
from duologue.store import keys as key_store

# Litestar 2.25 warns of names that 2.20, which we also run on, has no others for.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

NEEDS_A_KEY = [each for each in DOORS if DOORS[each].who not in ("open", "livekit", "token")]
OPENS_TO_SECRETS = [each for each in NEEDS_A_KEY if DOORS[each].who != "page"]
SAYS_NO = (401, 403, 404)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    """Two organizations on one server."""
    with estate(tmp_path_factory.mktemp("doors")) as made:
        yield made


def asked(house: Estate, door: str, key: str | None, **headers: str) -> Iterator[httpx.Response]:
    """The answers to each body that a door would take, with what is theirs in address and body."""
    method, _, path = door.partition(" ")
    path = path.format_map(house.theirs)
    if DOORS[door].query:
        path += "?" + DOORS[door].query.format_map(house.theirs)
    for body in DOORS[door].bodies:
        yield house.ask(method, path, key, filled(body, house.theirs), **headers)


def said(house: Estate, door: str) -> set[str]:
    """What the asker said, and so may be told again."""
    text = door + DOORS[door].query + repr(DOORS[door].bodies)
    return {value for name, value in house.theirs.items() if f"{{{name}}}" in text}


def nothing_of(house: Estate, door: str, answer: httpx.Response) -> None:
    """Asserts that an answer holds nothing of theirs, and that nothing broke."""
    shown = answer.text + str(dict(answer.headers))
    for value in sorted(said(house, door), key=len, reverse=True):
        shown = shown.replace(value, "")
    public = ("name", "path", "ours", "visit", "event")
    for value in (MARK, *(v for name, v in house.theirs.items() if name not in public)):
        assert value not in shown, shown
    assert answer.status_code < 500 or answer.status_code == 503, shown


def test_every_door_is_known(house: Estate) -> None:
    """One that was added must be added to the table, and one that is gone must go there, too."""
    known = {each for each in DOORS if not (each.count("/") == 5 and "agent_instance/{" in each)}
    found = set()
    for each in walked(house.house.doors):
        for name, ours in RENAMED.items():
            each = each.replace(name, ours)
        found.add(each)
    assert found - {ACTS} == known
    assert ACTS in found


@pytest.mark.parametrize("door", NEEDS_A_KEY)
def test_nobody_gets_in_without_a_key(house: Estate, door: str) -> None:
    """Nor with one that was made up; and nothing changes."""
    before = house.everything()
    for key in (None, "guessed", "dk_secret_guessed", "dk_public_guessed", house.owner()):
        for answer in asked(house, door, key):
            assert answer.status_code == 401, answer.text
            nothing_of(house, door, answer)
    assert changed(house, before) <= {"console_sessions"}


@pytest.mark.parametrize("door", [each for each in DOORS if DOORS[each].who == "livekit"])
def test_only_who_holds_the_secret_of_livekit_goes_there(house: Estate, door: str) -> None:
    """No key of ours is a token of a room, or a grant of a worker; not even one with all scopes."""
    before = house.everything()
    for key in (None, "guessed", house.key(), house.key(house.org), house.public()):
        for answer in asked(house, door, key):
            assert answer.status_code == 401, answer.text
            nothing_of(house, door, answer)
    assert changed(house, before) <= {"keys"}


@pytest.mark.parametrize("door", [each for each in DOORS if DOORS[each].who == "token"])
def test_who_was_not_there_is_told_of_nothing(house: Estate, door: str) -> None:
    """Whatever key they hold: it is answered as if there were no such session."""
    before = house.everything()
    for key in (None, house.key(), house.key(house.org), house.public()):
        for answer in asked(house, door, key, origin=SHOP):
            assert answer.status_code == 404
            nothing_of(house, door, answer)
    assert changed(house, before) <= {"keys"}


@pytest.mark.parametrize("door", NEEDS_A_KEY)
def test_nothing_of_others_is_reached(house: Estate, door: str) -> None:
    """By a key of another organization that has every scope: neither shown nor changed."""
    before, key = house.everything(), house.key(house.stranger())
    for answer in asked(house, door, key):
        assert answer.status_code in DOORS[door].foreign, answer.text
        nothing_of(house, door, answer)
    assert changed(house, before) == set()


@pytest.mark.parametrize("door", OPENS_TO_SECRETS)
def test_a_scope_that_is_lacking_is_lacking_everywhere(house: Estate, door: str) -> None:
    """A key of the very organization with every scope but the one, for what is its own."""
    needs = {DOORS[door].who} | ({"read", "ingest"} if door in REACHES_READERS else set())
    key = house.key(house.org, [scope for scope in SCOPES if scope not in needs])
    before = house.everything()
    for answer in asked(house, door, key):
        assert answer.status_code == 403, answer.text
        nothing_of(house, door, answer)
    assert changed(house, before) == set()


@pytest.mark.parametrize("door", [each for each in DOORS if DOORS[each].who == "page"])
def test_a_key_without_the_scope_opens_no_session(house: Estate, door: str) -> None:
    """Whichever of its own agents it names."""
    key = house.key(house.org, [scope for scope in SCOPES if scope != "sessions"])
    before = house.everything()
    for answer in list(asked(house, door, key))[:1]:
        assert answer.status_code == 403, answer.text
        assert "sessions" in answer.text
    assert changed(house, before) == set()


@pytest.mark.parametrize("door", OPENS_TO_SECRETS)
def test_a_public_key_reads_and_changes_nothing(house: Estate, door: str) -> None:
    """Not even of its own organization, from its own page."""
    for key in (house.public(), house.public(MARK, house.org)):
        before = house.everything()
        for answer in asked(house, door, key, origin=SHOP):
            assert answer.status_code == 403, answer.text
            nothing_of(house, door, answer)
        assert changed(house, before) == set()


@pytest.mark.parametrize("door", [each for each in DOORS if DOORS[each].who == "page"])
def test_a_public_key_opens_no_other_agent(house: Estate, door: str) -> None:
    """Of another organization, or a conversation whose id it only knows."""
    before, key = house.everything(), house.public()
    for answer in asked(house, door, key, origin=SHOP):
        assert answer.status_code in SAYS_NO, answer.text
        nothing_of(house, door, answer)
    assert changed(house, before) == set()


@pytest.mark.parametrize("door", NEEDS_A_KEY)
def test_a_key_that_is_over_opens_nothing(house: Estate, door: str) -> None:
    """Revoked or expired, of the very organization and with every scope."""
    expired = house.key(house.org, now=0, expires_at=1)
    revoked = house.key(house.org)
    (row,) = [
        each
        for each in house.house.unit(key_store.all, house.org)
        if each.hash == keys.digest(revoked)
    ]
    house.house.unit(key_store.revoke, house.org, row.id, now_ms())
    before = house.everything()
    for key in (expired, revoked):
        for answer in asked(house, door, key):
            assert answer.status_code == 401, answer.text
            nothing_of(house, door, answer)
    assert changed(house, before) == set()


@pytest.mark.parametrize("door", NEEDS_A_KEY)
def test_the_consoles_cookie_is_no_key(house: Estate, door: str) -> None:
    """Of an owner of the very organization: pages of other sites could send it along."""
    guest = house.guest(house.owner())
    method, _, path = door.partition(" ")
    answer = guest.ask(method, path.format_map(house.theirs))
    assert answer.status_code in (400, 401), answer.text
    nothing_of(house, door, answer)


@pytest.mark.parametrize("door", [each for each in CONSOLE if CONSOLE[each].kind != "open"])
def test_no_key_opens_the_console(house: Estate, door: str) -> None:
    """With every scope, of the very organization: a key is for programs, and signs nobody in."""
    method, _, path = door.partition(" ")
    named = dict.fromkeys(("span", "rec", "token", "person", "link", "form"), "x") | house.theirs
    answer = house.ask(method, path.format_map(named), house.key(house.org))
    assert answer.status_code == 401
    assert "duologue console login" in answer.text


@pytest.mark.parametrize("door", [each for each in DOORS if DOORS[each].who == "open"])
def test_what_is_open_to_everybody_shows_nothing_of_anybody(house: Estate, door: str) -> None:
    """Agents of the other organization are on no page of ours."""
    for key in (None, house.key()):
        for answer in asked(house, door, key):
            assert answer.status_code in (200, 404, 503)
            nothing_of(house, door, answer)


@pytest.mark.parametrize("door", [each for each in DOORS if DOORS[each].own])
def test_the_right_key_goes_through(house: Estate, door: str) -> None:
    """So what the others were refused is there: the addresses name it."""
    rule: Door = DOORS[door]
    key = house.key(house.org, ["sessions" if rule.who == "page" else rule.who])
    for answer in asked(house, door, key):
        assert answer.status_code in rule.own, answer.text
        if answer.status_code == 200:
            assert any(value in answer.text for value in house.theirs.values()), answer.text


@pytest.mark.parametrize(
    "path",
    [
        "/v1/conversations?agent={agent}",
        "/v1/conversations?before={conversation}",
        "/v1/sessions?conversation={conversation}",
        "/v1/sessions?before={session}",
        "/v1/sessions?agent={agent}",
        "/v1/traces?conversation={conversation}",
        "/v1/traces?session={session}",
        "/v1/traces?visitor={visitor}",
        "/v1/traces?before=99999999999999.{run}",
        "/v1/traces?agent={agent}&text={agent}",
        "/v1/traces/export?format=csv&agent={agent}",
        "/v1/traces/export?format=otlp&conversation={conversation}",
        "/v1/overview?agent={agent}",
    ],
)
def test_no_filter_leads_to_others(house: Estate, path: str) -> None:
    """By a name, an id, a word, or from the middle of a list."""
    answer = house.ask("GET", path.format_map(house.theirs), house.key())
    assert answer.status_code in (200, 400, 404), answer.text
    shown = answer.text
    for name, value in house.theirs.items():
        if f"{{{name}}}" in path:
            shown = shown.replace(value, "")
    assert MARK not in shown
    assert house.theirs["run"] not in shown
    assert house.theirs["session"] not in shown


def changed(house: Estate, before: dict[str, list[Any]]) -> set[str]:
    """The tables in which something of the other organization is otherwise than before."""
    now = house.everything()
    return {name for name in before if before[name] != now[name]}


def test_ours_is_not_theirs(house: Estate) -> None:
    """The agent that strangers name is of one organization only, or none of this means anything."""
    assert house.ask("GET", f"/v1/agents/{OURS}", house.key()).status_code == 200
    assert house.ask("GET", f"/v1/agents/{MARK}", house.key(house.org)).status_code == 200
