"""The pages for people: who may talk at `/`, and that `talk_key` is checked before it is used."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.serving import House

AGENTS = """
from livekit.agents import Agent

import duologue


@duologue.agent("desk", greeting="Hello.", phrases=["When are you open?"])
class Desk(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="Be brief.")


@duologue.agent("kiosk", turns={"trigger": "push_to_talk"})
class Kiosk(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="Be brief.")
"""
ORIGIN = "https://desk.example"


def data_of(page: httpx.Response) -> dict[str, Any] | None:
    """What the page hands to its script; nothing where it has none."""
    found = re.search(r'id="page-data">(.*?)</script>', page.text)
    return json.loads(found[1]) if found else None


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with two agents."""
    made = tmp_path_factory.mktemp("pages")
    (made / "agents.py").write_text(AGENTS)
    return made


@pytest.fixture(scope="module")
def near(folder: Path) -> Iterator[httpx.Client]:
    """A client of `duologue dev` on this machine."""
    with (
        House(folder / "near", folder / "agents.py", mode="dev") as house,
        httpx.Client(base_url=house.url, timeout=30) as client,
    ):
        yield client


def public_key(house: House, agent: str = "desk") -> str:
    """A new public key of an agent, for pages of `ORIGIN`."""
    options = ("--kind", "public", "--agent", agent, "--origin", ORIGIN)
    return str(house.command("keys", "create", *options)["key"])


def test_the_talk_page_runs_our_own_script_only(near: httpx.Client) -> None:
    """Its policy names no other place, and lets it ask for the microphone."""
    page = near.get("/")
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    for what in ("script-src", "style-src", "connect-src"):
        assert f"{what} 'self';" in policy
    assert "microphone=(self)" in page.headers["permissions-policy"]
    assert page.headers["cache-control"] == "no-store"


def test_in_dev_this_machine_talks_to_every_loaded_agent(near: httpx.Client) -> None:
    """No key is needed; the agents stand in the order of their file."""
    page = near.get("/")
    if (data := data_of(page)) is None:
        assert "make web" in page.text
        return
    assert data["publicKey"] is None
    assert [one["slug"] for one in data["agents"]] == ["desk", "kiosk"]
    face = near.get("/api/widget/agent", params={"agent": "kiosk"}).json()
    assert face["pushToTalk"], "the widget learns the rest at its own door"


def test_in_dev_a_rebound_name_finds_the_page_closed(near: httpx.Client) -> None:
    """Whoever only seems to be here may talk to nobody, and hears of one agent at most."""
    page = near.get("/", headers={"host": "evil.example"})
    assert "This line is closed" in page.text
    assert data_of(page) is None
    assert "kiosk" not in page.text


def test_each_page_links_to_the_other(near: httpx.Client) -> None:
    """From talking to the state of the server and back."""
    assert 'href="/status"' in near.get("/").text
    assert 'href="/"' in near.get("/status").text


def test_serve_opens_the_page_with_a_public_key_and_only_while_it_is_good(folder: Path) -> None:
    """Closed without one; with one it shows the one agent; revoked, it is closed again."""
    with House(folder / "open", folder / "agents.py") as house:
        house.publish("desk", "kiosk")
        closed = httpx.get(house.url, timeout=30)
        key = public_key(house)
    assert "This line is closed" in closed.text
    assert "duologue keys create --kind public --agent desk" in closed.text
    assert "DUOLOGUE_TALK_KEY=" in closed.text
    assert "kiosk" not in closed.text
    with House(folder / "open", folder / "agents.py", talk_key=key) as house:
        page = httpx.get(house.url, timeout=30)
        house.command("keys", "revoke", house.command("keys", "list")[-1]["id"])
        revoked = httpx.get(house.url, timeout=30)
    assert key in unescape(page.text)
    assert "kiosk" not in page.text
    assert "This line is closed" in revoked.text
    assert key not in revoked.text


def test_a_talk_key_that_cannot_talk_stops_the_start(folder: Path) -> None:
    """The refusal stands in the log, and names the setting."""
    house = House(folder / "refusing", folder / "agents.py", talk_key="dk_public_never")
    with pytest.raises(AssertionError, match="talk_key"), house:
        pass


def test_a_closed_page_names_no_draft(folder: Path) -> None:
    """Where nothing is published the commands leave the name to whoever knows it."""
    with House(folder / "drafts", folder / "agents.py") as house:
        closed = httpx.get(house.url, timeout=30)
    assert "duologue agents publish NAME" in closed.text
    assert "--kind public --agent NAME" in closed.text
    assert "--agent desk" not in closed.text
    assert "kiosk" not in closed.text
