"""The status page: what it shows, where it comes from, and that nothing in it can do harm."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Literal

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection

from duologue.console import status
from duologue.console.drawing import ago, duration
from duologue.console.view import AgentView, SessionView, StatusView
from duologue.store import agents, conversations, organizations, sessions
from duologue.store.database import unit

NOW = 1_795_241_317_310


class Reading(HTMLParser):
    """What a browser would make of the page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.texts: list[str] = []
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Notes the tag and its attributes."""
        self.tags.append(tag)
        self.attributes += attrs

    def handle_data(self, data: str) -> None:
        """Notes the text."""
        self.texts.append(data)

    @property
    def text(self) -> str:
        """All that can be read."""
        return " ".join(self.texts)


def agent(**given: Any) -> AgentView:
    """An agent, published unless told."""
    plain: dict[str, Any] = {
        "slug": "demo",
        "name": "Demo",
        "greeting": "Hello!",
        "source": "built-in",
        "published": True,
        "push_to_talk": False,
        "models": {},
    }
    return AgentView(**plain | given)


def view(mode: Literal["dev", "serve"] = "dev", **given: Any) -> StatusView:
    """A page of one agent and no session unless told."""
    plain: dict[str, Any] = {
        "url": "http://127.0.0.1:8787",
        "live": 0,
        "limit": 40,
        "now": NOW,
        "version": "0.1.0",
        "agents": [agent()],
        "sessions": [],
    }
    return StatusView(mode=mode, **plain | given)


@given(text=st.text())
def test_no_value_becomes_markup(text: str) -> None:
    """Whatever an agent or a session is called, the page has the same tags."""
    plain = SessionView(
        at=NOW, agent="x", state="ended", reason="x", milliseconds=0, transport="websocket"
    )
    named = msgspec.structs.replace(plain, agent=text, reason=f"x{text}", transport=text)
    before = Reading(
        status.page(view(agents=[agent(models={"stt": "x"}, greeting="x")], sessions=[plain]))
    )
    after = Reading(
        status.page(
            view(
                agents=[
                    agent(
                        slug=text, name=text, greeting=f"x{text}", source=text, models={"stt": text}
                    )
                ],
                sessions=[named],
            )
        )
    )
    assert after.tags == before.tags


def test_the_page_runs_and_loads_nothing() -> None:
    """No script, no foreign address, and exactly the style that the policy allows."""
    html = status.page(view())
    read = Reading(html)
    assert "script" not in read.tags
    assert not [name for name, _ in read.attributes if name == "style" or name.startswith("on")]
    links = [value or "" for name, value in read.attributes if name in ("src", "href")]
    assert all(link.startswith(("/", "data:")) for link in links)
    style = html.partition("<style>")[2].partition("</style>")[0]
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}'" in status.CONTENT_SECURITY_POLICY
    assert "url(" not in style


def test_in_dev_the_snippets_hold_this_servers_addresses_and_no_key() -> None:
    """What is shown can be copied and works on this machine."""
    text = Reading(status.page(view())).text
    assert (
        'authorizeSessionEndpoint: "http://127.0.0.1:8787/v1/agents/web/authorize_session"' in text
    )
    assert '_websocketUrl = "ws://127.0.0.1:8787/v1/agents/web/websocket"' in text
    assert "Bearer" not in text


def test_in_public_the_snippets_ask_for_a_key_and_use_the_safe_socket() -> None:
    """Behind HTTPS the socket is wss, and the shell's line carries a key."""
    text = Reading(status.page(view("serve", url="https://voice.example.com/"))).text
    assert "wss://voice.example.com/v1/agents/web/websocket" in text
    assert "Authorization: Bearer dk_secret_…" in text


def test_strangers_see_neither_drafts_nor_files_nor_sessions() -> None:
    """In public the page says who takes calls, and how to call; nothing of who called."""
    draft = msgspec.structs.replace(view().agents[0], slug="secret-plan", published=False)
    open_one = msgspec.structs.replace(view().agents[0], source="/srv/desk.py", published=True)
    shown = status.page(status.public(view(agents=[draft, open_one])))
    assert "secret-plan" not in shown
    assert "/srv/desk.py" not in shown
    assert "duologue conversations list" in shown
    assert open_one.slug in shown


def test_an_empty_house_says_what_to_do() -> None:
    """Without agents and sessions the page names the command that changes that."""
    text = Reading(status.page(view(agents=[]))).text
    assert "duologue agents publish demo" in text
    assert "The first call will stand here." in text


def test_a_draft_is_told_from_a_published_agent() -> None:
    """A draft is marked, and the page says how to publish it."""
    text = Reading(status.page(view(agents=[agent(published=False, push_to_talk=True)]))).text
    assert "draft" in text
    assert "push to talk" in text
    assert "duologue agents publish NAME" in text
    assert "All of them take calls." in Reading(status.page(view())).text


@pytest.mark.parametrize(
    ("models", "shown"),
    [({}, "offline voices"), ({"llm": "openai/gpt-4.1-mini"}, "thinks with")],
)
def test_models_are_labelled_honestly(models: dict[str, str], shown: str) -> None:
    """A named model is shown by name; otherwise the page says that voices may be offline."""
    assert shown in Reading(status.page(view(agents=[agent(models=models)]))).text


@pytest.mark.parametrize(
    ("live", "calls", "health"),
    [(0, "0 live calls", "ready"), (1, "1 live call ", "ready"), (40, "40 live calls", "full")],
)
def test_the_page_says_how_full_the_house_is(live: int, calls: str, health: str) -> None:
    """Live calls are counted, and a full house is called full."""
    text = Reading(status.page(view(live=live))).text
    assert calls in text
    assert health in text


@pytest.mark.parametrize(
    ("state", "reason", "shown"),
    [
        ("live", None, "live"),
        ("detached", None, "waiting for its caller"),
        ("ended", "client_left", "ended: client left"),
        ("authorized", None, "authorized"),
    ],
)
def test_each_state_has_its_words(state: str, reason: str | None, shown: str) -> None:
    """The four states of a session read as a person would say them."""
    session = SessionView(
        at=NOW, agent="Demo", state=state, reason=reason, milliseconds=61_000, transport="websocket"
    )
    assert shown in Reading(status.page(view(sessions=[session]))).text


@pytest.mark.parametrize(
    ("milliseconds", "words"),
    [
        (-5, "just now"),
        (59_999, "just now"),
        (60_000, "1 minute ago"),
        (7_200_000, "2 hours ago"),
        (86_400_000, "1 day ago"),
    ],
)
def test_time_is_told_in_its_largest_unit(milliseconds: int, words: str) -> None:
    """A minute is a minute, whatever the clocks disagree about."""
    assert ago(milliseconds) == words


def test_a_duration_reads_like_a_clock() -> None:
    """Minutes and two digits of seconds."""
    assert [duration(each) for each in (0, 61_500, 3_600_000)] == ["0:00", "1:01", "60:00"]


@pytest.fixture
def conn(tmp_path: Path) -> Iterator[Connection]:
    """A real database of its own."""
    with unit(f"sqlite:///{tmp_path / 'duologue.db'}") as connection:
        yield connection


def test_the_page_is_loaded_from_the_organizations_own_rows(conn: Connection) -> None:
    """Agents and sessions of one organization are shown, and none of another's."""
    mine, other = (
        organizations.get(conn, "default"),
        organizations.create(conn, slug="other", name="Other", now=NOW),
    )
    assert mine is not None
    definition = {
        "slug": "desk",
        "greeting": "Good day",
        "llm": "openai/gpt-4.1-mini",
        "turns": {"trigger": "push_to_talk"},
    }
    for owner, slug in ((mine, "desk"), (other, "secret-desk")):
        made = agents.put(
            conn,
            owner.id,
            slug=slug,
            name=slug.title(),
            definition=msgspec.json.encode(definition),
            source="desk.py",
            now=NOW,
            publish=owner is mine,
        )
        talk = conversations.create(
            conn, owner.id, agent_id=made.id, key_id=None, metadata={}, now=NOW
        )
        sessions.create(
            conn,
            owner.id,
            conversation_id=talk.id,
            agent_id=made.id,
            key_id=None,
            key_hash=slug,
            key_expires_at=NOW,
            transport="websocket",
            capabilities=[],
            config={},
            metadata={},
            custom_metadata={},
            custom_headers={},
            sdk_version="",
            origin=None,
            now=NOW,
        )
    found = status.load(conn, mine.id, url="http://x", mode="serve", live=2, limit=3, now=NOW + 1)
    assert found.agents == [
        agent(
            slug="desk",
            name="Desk",
            greeting="Good day",
            source="desk.py",
            push_to_talk=True,
            models={"llm": "openai/gpt-4.1-mini"},
        )
    ]
    assert [(each.agent, each.state, each.at) for each in found.sessions or []] == [
        ("Desk", "authorized", NOW)
    ]
    assert (found.live, found.limit, found.now, found.mode) == (2, 3, NOW + 1, "serve")
    assert "Good day" in status.page(found)
