"""What pages of other sites may read of this server: doors for pages, and never with cookies."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest
from tests.security.doors import DOORS
from tests.security.estate import OURS, SHOP, Estate, estate
from tests.security.test_headers import FILES, OTHERS
from tests.server.test_console_routes import DOORS as CONSOLE

from duologue.server.app import ASKED_BY_PAGES

# Litestar 2.25 warns of names that 2.20, which we also run on, has no others for.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
EVIL = "https://evil.example"
KNOWN = (*DOORS, *CONSOLE)
OPEN = [each for each in KNOWN if each.partition(" ")[2] in ASKED_BY_PAGES]
CLOSED = [each for each in KNOWN if each not in (*OPEN, *FILES)]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    """Two organizations on one server."""
    with estate(tmp_path_factory.mktemp("cors")) as made:
        yield made


def said(answer: httpx.Response) -> dict[str, str]:
    """What an answer says of pages of other sites."""
    start = "access-control-"
    names = [name for name in answer.headers if name.startswith(start)]
    return {name.removeprefix(start): answer.headers[name] for name in names}


def answers(house: Estate, door: str, origin: str) -> Iterator[httpx.Response]:
    """To a page of that origin: without a key, with a good one, and when it asks what it may."""
    method, _, path = door.partition(" ")
    path = path.format_map(OTHERS | house.theirs)
    for key in (None, house.key()):
        yield house.ask(method, path, key, origin=origin)
    asks = {"origin": origin, "access-control-request-method": method}
    yield house.ask("OPTIONS", path, None, **asks)


def test_the_doors_for_pages_are_all_known() -> None:
    """So that nothing below is tried at none."""
    assert {each.partition(" ")[2] for each in OPEN} == ASKED_BY_PAGES


@pytest.mark.parametrize("door", OPEN)
def test_a_door_for_pages_names_who_asks_and_takes_no_cookie(house: Estate, door: str) -> None:
    """A refusal, too, so that the page reads why; whoever is no origin is named nowhere."""
    *read, asked = answers(house, door, EVIL)
    for answer in read:
        assert said(answer) == {"allow-origin": EVIL, "expose-headers": "retry-after"}
        assert "origin" in answer.headers["vary"].lower()
    assert asked.status_code == 204
    told = said(asked)
    assert (told["allow-origin"], told["max-age"]) == (EVIL, "600")
    assert set(told) == {"allow-origin", "allow-methods", "allow-headers", "max-age"}
    for nobody in ("null", "*", "https://*.example"):
        for answer in answers(house, door, nobody):
            assert not said(answer).keys() & {"allow-origin", "allow-credentials"}


@pytest.mark.parametrize("door", CLOSED)
def test_a_door_of_owners_is_read_by_no_page_of_another_site(house: Estate, door: str) -> None:
    """Whatever key it has, and whoever asks: browsers keep the answer from it."""
    for origin in (EVIL, SHOP):
        for answer in answers(house, door, origin):
            assert said(answer) == {}


def test_what_pages_load_is_everybodys(house: Estate) -> None:
    """Scripts and styles, for which no cookie counts."""
    for path in ("/duologue.js", "/assets/talk.css"):
        for answer in (house.ask(each, path, None, origin=EVIL) for each in ("GET", "HEAD")):
            assert said(answer) in ({}, {"allow-origin": "*"})


def test_a_page_that_is_let_in_reads_its_answer(house: Estate) -> None:
    """Its own origin is named."""
    answer = house.ask("GET", f"/api/widget/agent?agent={OURS}", house.public(), origin=SHOP)
    assert answer.status_code == 200
    assert said(answer) == {"allow-origin": SHOP, "expose-headers": "retry-after"}
