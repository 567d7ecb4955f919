"""The console's pages for managing as a person meets them: by keys, on a phone, in the dark."""

from __future__ import annotations

import re
import time

import msgspec
import pytest
from tests.pages.conftest import Opener
from tests.pages.console_gallery import go
from tests.pages.console_tabs import SIZES, THERE, Enter, copy, fill, submit, unfold
from tests.pages.conversations import HOSTILE
from tests.pages.hotel import Hotel
from tests.serving import House
from tests.store.visiting import an_id, batch, identified
from tests.store.visiting import page as seen

from duologue.access import console, keys
from duologue.store import organizations, visits
from duologue.store.database import unit

pytestmark = pytest.mark.browser
PAGES = (
    "/console/agents",
    "/console/agents/front-desk",
    "/console/keys",
    "/console/keys?kind=public&agent=front-desk",
    "/console/keys?kind=secret",
    "/console/keys/{key}",
    "/console/keys/{void}",
    "/console/balance",
    "/console/balance?time=quarter",
    "/console/visitors",
    "/console/visitors?text=nobody",
    "/console/visitors/{visitor}",
    "/console/transcripts",
    "/console/transcripts/{conversation}",
    "/console/people",
    "/console/kept",
    "/console/kept?gone=3",
    "/console/nowhere",
)


@pytest.mark.parametrize("size", SIZES)
def test_every_page_is_in_order(enter: Enter, hotel: tuple[House, Hotel], size: str) -> None:
    """Clean to axe-core in light and in dark, folded and unfolded; none is wider than a window."""
    tab = enter(size=size)
    for page in PAGES:
        go(tab, page.format_map(msgspec.structs.asdict(hotel[1])))
        if page.endswith("nowhere"):
            tab.expected.append(r"error: Failed to load resource: .*404.*")
        wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert not tab.run(wide), page
        tab.run("document.querySelectorAll('details').forEach(one => { one.open = true; })")
        assert not tab.run(wide), page
        assert tab.violations() == [], page


def test_a_key_is_made_copied_rotated_and_revoked(enter: Enter) -> None:
    """By keys alone; its text is shown once, and what was filled in wrongly stays."""
    tab = enter()
    go(tab, "/console/agents/front-desk")
    tab.run("document.querySelector('a[href*=\"kind=public\"]').focus()")
    tab.press("Enter")
    tab.wait(f"{THERE} && document.querySelector('#public-agent')?.value === 'front-desk'")
    fill(tab, public_origins="shop.example", public_name="the shop")
    tab.expected.append(r"error: Failed to load resource: .*400.*")
    submit(tab, "/keys/public")
    assert "'shop.example' is not an origin" in tab.text(".mistake")
    tab.until(lambda: tab.focused == "public-origins", "the focus on what is wrong")
    assert tab.run("document.querySelector('#public-name').value") == "the shop"
    fill(tab, public_origins="https://shop.example")
    submit(tab, "/keys/public")
    text = tab.text(".once code")
    assert re.fullmatch(r"dk_public_[\w-]{43}", text)
    assert f'key="{text}"' in tab.text(".once:nth-of-type(2) code")
    tab.run("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    copy(tab, ".once .copy")
    assert tab.run("window.copied") == text
    tab.reload()
    assert text not in tab.run("document.documentElement.outerHTML")
    unfold(tab, "Rotate")
    submit(tab, "/rotate")
    second = tab.text(".once code")
    assert second != text
    unfold(tab, "Revoke")
    submit(tab, "/revoke")
    assert "revoked" in tab.text(".sum")


def test_a_balance_is_topped_up(enter: Enter, hotel: tuple[House, Hotel]) -> None:
    """What is no amount is told beside it."""
    hotel[0].command("orgs", "set", "default", "125.50")
    tab = enter()
    go(tab, "/console/balance")
    assert tab.text(".large") == "125.50"
    tab.expected.append(r"error: Failed to load resource: .*400.*")
    fill(tab, more_amount="a lot", more_note="thanks")
    submit(tab, "/credit")
    assert "'a lot' is no amount" in tab.text(".mistake")
    fill(tab, more_amount="24.50")
    submit(tab, "/credit")
    assert tab.text(".large") == "150.00"
    assert "thanks" in tab.text("aside")


def test_a_visitor_is_found_and_forgotten(enter: Enter, hotel: tuple[House, Hotel]) -> None:
    """With every word, where that is ticked."""
    tab = enter()
    go(tab, "/console/visitors")
    tab.ask("fill", selector="[name=text]", text="hopper")
    tab.press("Enter")
    tab.wait(f"location.search.includes('hopper') && {THERE}")
    assert tab.run("document.querySelectorAll('.list tbody tr').length") == 1
    tab.run("document.querySelector('.list td.words a').focus()")
    tab.press("Enter")
    tab.wait(f"{THERE} && document.querySelector('.seen') !== null")
    assert "grace@hopper.example" in tab.text("h1")
    unfold(tab, "Forget them")
    tab.ask("click", selector="[name=words]")
    submit(tab, "/delete")
    assert tab.run("location.pathname") == "/console/visitors"
    assert "grace@hopper.example" not in tab.text("main")


def test_somebody_is_invited_and_comes_in(
    enter: Enter, opener: Opener, hotel: tuple[House, Hotel]
) -> None:
    """The link is shown once; who came in is signed out again by the one who invited."""
    tab = enter()
    go(tab, "/console/people")
    fill(tab, invite_name="Edith")
    submit(tab, "/people/invite")
    link = tab.text(".once code")
    guest = opener(hotel[0], viewport=SIZES["phone"])
    go(guest, link)
    guest.ask("click", selector="main button")
    guest.wait(f"{THERE} && document.querySelector('.list') !== null")
    assert "Edith, viewer" in guest.text("footer")
    go(tab, "/console/people")
    unfold(tab, "Edith")
    tab.ask("click", selector="details[open] .danger")
    tab.wait(f"{THERE} && !document.body.innerText.includes('Edith')")
    guest.expected.append(r"error: Failed to load resource: .*401.*")
    guest.reload()
    guest.wait(f"{THERE} && document.body.innerText.includes('duologue console login')")


def test_a_viewer_meets_no_button(enter: Enter, hotel: tuple[House, Hotel]) -> None:
    """But the one to sign out, and those that search or copy."""
    tab = enter("viewer")
    for page in PAGES[:-1]:
        go(tab, page.format_map(msgspec.structs.asdict(hotel[1])))
        forms = "[...document.querySelectorAll('form[method=post]')].map(one => one.action)"
        assert [each.rpartition("/")[2] for each in tab.run(forms)] == ["leave"], page


def test_the_place_that_is_shown_is_in_sight_on_a_phone(enter: Enter) -> None:
    """Though the bar has more places than fit beside each other."""
    tab = enter(size="phone")
    go(tab, "/console/keys")
    place = "document.querySelector('.bar [aria-current]').getBoundingClientRect()"
    tab.wait(f"{place}.left >= 0 && {place}.right <= innerWidth")
    assert tab.run("document.querySelector('.bar nav').scrollLeft") > 0
    assert tab.run("scrollX + scrollY") == 0


def test_nothing_overflows_whatever_it_is_called(enter: Enter, hotel: tuple[House, Hotel]) -> None:
    """Long words without a gap, tags, and writing from right to left, in every field."""
    house, _ = hotel
    now = time.time_ns() // 1_000_000
    visitor = an_id("vis_")
    with unit(f"sqlite:///{house.data}/duologue.db") as conn:
        own = organizations.get(conn, "default")
        assert own is not None
        shown = seen(f"/{HOSTILE[:300]}", now, HOSTILE[:250])
        who = identified(HOSTILE[:190], now, **{HOSTILE[:60]: HOSTILE[:400]})
        told = batch(shown, who, visitor=visitor, visit=an_id("vst_"), sent_at=now)
        visits.record(conn, own.id, told, now)
        organizations.credit(conn, own.id, 10**15, HOSTILE[:200], now)
        console.invite(conn, own.id, "viewer", HOSTILE[:200], now)
        key, _ = keys.create(
            conn,
            own.id,
            kind="public",
            name=HOSTILE[:200],
            agent="front-desk",
            origins=[f"https://{'a' * 60}.{'b' * 60}.{'c' * 60}.example"],
            scopes=[],
            expires_at=None,
            now=now,
        )
    tab = enter(size="phone")
    wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
    for path in ("visitors", f"visitors/{visitor}", "keys", f"keys/{key.id}", "people", "balance"):
        go(tab, f"/console/{path}")
        assert not tab.run(wide), path
        assert tab.run("document.title") != "owned"
