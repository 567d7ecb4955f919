"""Links to one conversation: owners make them, whoever holds one sees that and nothing else."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape

import httpx
import pytest
from tests.server.conftest import Desk
from tests.server.console import BEGAN, entered, page, tell, trace_of

from duologue.store import organizations, recordings, traces
from duologue.store.database import unit
from duologue.store.tables import links
from duologue.store.trace_records import TraceRow

SOUND = b"OggS and some sound"


@pytest.fixture(scope="module")
def runs(desk: Desk) -> list[str]:
    """Two conversations of ours; of the first there is a recording."""
    folder = desk.house.data / "recordings"
    folder.mkdir(exist_ok=True)
    (folder / "one.ogg").write_bytes(SOUND)
    with unit(f"sqlite:///{desk.house.data}/duologue.db") as conn:
        own = organizations.get(conn, "default")
        assert own is not None
        made = [tell(conn, own.id, number) for number in (61, 62)]
        facts = TraceRow(
            trace=trace_of(61), room="secret-room", visitor_id="vis_secret", tags=["t"]
        )
        traces.put(conn, own.id, [facts], BEGAN // 10**6)
        rec = recordings.start(
            *(conn, own.id, made[0]), path="one.ogg", format="ogg", started_ns=BEGAN, now=1
        )
        recordings.finish(conn, own.id, rec.id, duration_ms=2000, size=len(SOUND))
    return made


@pytest.fixture(scope="module")
def owner(desk: Desk) -> Iterator[httpx.Client]:
    """An owner of our organization."""
    with entered(desk) as who:
        yield who


@pytest.fixture
def nobody(desk: Desk) -> Iterator[httpx.Client]:
    """Somebody who is not signed in."""
    with httpx.Client(base_url=desk.house.url, timeout=30) as who:
        yield who


def made(owner: httpx.Client, run: str, life: str = "day") -> str:
    """The path of a new link, as its page shows it."""
    answer = owner.post(f"/console/traces/{run}/links", data={"life": life})
    assert answer.status_code == 303, answer.text
    shown = page(owner, answer.headers["location"])
    found = re.search(r'id="shared-link" readonly value="([^"]+)"', shown)
    assert found is not None
    return unescape(found[1]).removeprefix(str(owner.base_url).rstrip("/"))


def test_a_link_is_shown_once(owner: httpx.Client, runs: list[str]) -> None:
    """With how long it works; the page without it lists it, and can take it back."""
    link = made(owner, runs[0], "hour")
    assert re.fullmatch(r"/console/shared/dk_share_[\w-]{43}", link)
    again = page(owner, f"/console/traces/{runs[0]}")
    assert "shared-link" not in again
    assert link not in again
    assert "Take back" in again


def test_whoever_holds_it_sees_the_conversation(
    owner: httpx.Client, nobody: httpx.Client, runs: list[str]
) -> None:
    """Its words, its steps and its sound; nothing that leads further, and no search engine."""
    link = made(owner, runs[0])
    shown = page(nobody, link)
    for words in ("number 61", "=right", "Shown by a link, until", "<audio controls"):
        assert words in shown
    assert 'name="robots" content="noindex' in shown
    assert nobody.get(link).headers["x-robots-tag"].startswith("noindex")
    for words in ("secret-room", "vis_secret", runs[0], "Delete", "Share", "OTLP", "Sign out"):
        assert words not in shown
    led = {each.partition("#")[0] for each in re.findall(r'<a [^>]*href="([^"]+)"', shown)} - {""}
    assert led
    assert all(each.startswith(f"{link}/spans/") for each in led)
    (sound,) = re.findall(r'<audio [^>]*src="([^"]+)"', shown)
    assert sound.startswith(f"{link}/recordings/")
    heard = nobody.get(sound, headers={"range": "bytes=0-3"})
    assert (heard.status_code, heard.content) == (206, b"OggS")
    step = page(nobody, f"{link}/spans/{'a' * 16}")
    assert "llm_request" in step
    assert set(re.findall(r'<a [^>]*href="(/[^"]*)"', step)) == {link}


def test_a_link_opens_its_own_conversation_only(
    owner: httpx.Client, nobody: httpx.Client, runs: list[str]
) -> None:
    """No other, no list, no file; and it signs nobody in."""
    link = made(owner, runs[1])
    with_sound = page(owner, f"/console/traces/{runs[0]}")
    (sound,) = re.findall(r'<audio [^>]*src="[^"]+/(recordings/[^"]+)"', with_sound)
    page(nobody, f"{link}/{sound}", 404)
    page(nobody, f"{link}/json", 404)
    page(nobody, f"{link}/spans/{'9' * 16}", 404)
    for path in (f"/console/traces/{runs[1]}", "/console", f"/console/traces/{runs[1]}/json"):
        page(nobody, path, 401)


def test_one_that_was_taken_back_says_so(
    owner: httpx.Client, nobody: httpx.Client, runs: list[str]
) -> None:
    """On a page that says what to do; so do one that expired and one that nobody made."""
    link = made(owner, runs[1])
    shown = page(owner, f"/console/traces/{runs[1]}")
    for path in re.findall(rf'action="(/console/traces/{runs[1]}/links/[^"]+)"', shown):
        assert owner.post(path).status_code == 303
    for path in (link, f"{link}/spans/{'a' * 16}", "/console/shared/dk_share_guessed"):
        said = page(nobody, path, 410)
        assert "This link shows nothing any more" in said
        assert "Ask whoever sent it" in said
    assert "Take back" not in page(owner, f"/console/traces/{runs[1]}")


def test_one_that_expired_shows_nothing(
    desk: Desk, owner: httpx.Client, nobody: httpx.Client, runs: list[str]
) -> None:
    """Its time is over however often it was used."""
    link = made(owner, runs[1])
    page(nobody, link)
    with unit(f"sqlite:///{desk.house.data}/duologue.db") as conn:
        conn.execute(links.update().values(expires_at=1))
    page(nobody, link, 410)


def test_viewers_and_strangers_make_none(desk: Desk, owner: httpx.Client, runs: list[str]) -> None:
    """Nor do other pages, nor anybody for a time that is not offered."""
    path = f"/console/traces/{runs[0]}/links"
    with entered(desk, "--role", "viewer") as viewer:
        assert "Make a link" not in page(viewer, f"/console/traces/{runs[0]}")
        page(viewer, path, 403, method="POST", data={"life": "day"})
        page(viewer, f"{path}/link_x/revoke", 403, method="POST")
    page(owner, path, 400, method="POST", data={"life": "year"})
    page(owner, path, 403, method="POST", headers={"sec-fetch-site": "cross-site"})
    page(owner, f"/console/traces/run_{'9' * 32}/links", 404, method="POST", data={"life": "day"})


def test_a_link_of_somebody_elses_making_is_not_shown(owner: httpx.Client, runs: list[str]) -> None:
    """A cookie that no link of ours is, whoever set it, says nothing on the page."""
    cookies = dict(owner.cookies) | {"duologue_once": '"><b>come here'}
    with httpx.Client(base_url=owner.base_url, cookies=cookies) as fooled:
        assert "come here" not in page(fooled, f"/console/traces/{runs[0]}")


def test_a_deleted_conversation_is_shown_to_nobody(
    desk: Desk, owner: httpx.Client, nobody: httpx.Client
) -> None:
    """Its links go with it."""
    with unit(f"sqlite:///{desk.house.data}/duologue.db") as conn:
        own = organizations.get(conn, "default")
        assert own is not None
        gone = tell(conn, own.id, 63)
    link = made(owner, gone)
    page(nobody, link)
    assert owner.post(f"/console/traces/{gone}/delete").status_code == 303
    page(nobody, link, 410)
