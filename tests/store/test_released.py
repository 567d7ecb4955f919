"""Databases of every earlier version come up in this one, and what they hold goes on."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from sqlalchemy import Connection
from tests.serving import House
from tests.store import released
from tests.store.release_rows import (
    AGENT,
    ALERT,
    CONVERSATION,
    KEY,
    NOW,
    ORG,
    SAID,
    SESSION,
    TOKEN,
    TRACE,
    VISITOR,
)
from tests.store.test_schema import differences
from tests.store.world import authorize

from duologue.access.secrets import digest
from duologue.store import (
    alerts,
    conversations,
    copying,
    direct,
    feedback,
    keys,
    messages,
    runs,
    schema,
    sessions,
    trace_lists,
    traces,
    visitors,
)
from duologue.store.database import unit
from duologue.store.trace_records import TraceFilter, TraceRow

VERSIONS = [each.name.partition(".")[0] for each in released.files("sqlite")]
RUN = f"run_{TRACE}"


def file_of(version: str, url: str) -> Path:
    """The fixture of a version, for that kind of database."""
    kind = "sqlite" if url.startswith("sqlite") else "postgresql"
    return released.FOLDER / f"{version}.{kind}.sql"


def test_there_is_a_database_of_every_earlier_version() -> None:
    """A migration that is added must bring one: `python -m tests.store.released VERSION`."""
    earlier = [f"{number:04}" for number in range(1, int(schema.HEAD))]
    assert earlier == VERSIONS
    assert [each.name.partition(".")[0] for each in released.files("postgresql")] == earlier


@pytest.mark.parametrize("version", VERSIONS)
def test_a_database_of_an_earlier_version_goes_on(url: str, version: str) -> None:
    """It comes up at head; its conversation is resumed, its trace shown, nothing is lost."""
    released.fill(url, file_of(version, url))
    before = direct.run(rows, url)
    with unit(url):
        pass  # which brings it to head, as every start does
    direct.run(lambda conn: goes_on(conn, version), url)
    assert direct.run(differences, url) == []
    after = direct.run(rows, url)
    grown = {"messages": 1, "sessions": 1, "runs": 1, "traces": 1 if version >= "0006" else 0}
    assert {name: after[name] - grown.get(name, 0) for name in before} == before


def rows(conn: Connection) -> dict[str, int]:
    """How many rows there are, by table."""
    tables = copying.all_of(conn)
    return {each.name: copying.size(conn, each) for each in tables}


def goes_on(conn: Connection, version: str) -> None:
    """All that a version knew is there, and is used."""
    direct.claim(conn)
    assert schema.version(conn) == schema.HEAD
    resumed(conn, version)
    if version >= "0004":
        known = visitors.whole(conn, ORG, VISITOR)
        assert known is not None
        assert known.traits == {"plan": "ö"}
    if version >= "0005":
        assert [each.text for each in feedback.of(conn, ORG, CONVERSATION)] == ["Kind."]
    if version >= "0006":
        shown(conn)
    if version >= "0007":
        assert alerts.get(conn, ORG, ALERT).threshold == 2000.0


def resumed(conn: Connection, version: str) -> None:
    """Whoever held the token, or the key, goes on where it ended."""
    key = keys.by_hash(conn, digest(KEY))
    assert key is not None
    assert (key.org_id, key.scopes) == (ORG, ["sessions", "read"])
    found = conversations.by_resume(conn, digest(TOKEN))
    assert found is not None
    assert (found.id, found.metadata) == (CONVERSATION, {"lang": "de"})
    assert found.state == ({"cart": ["tea"]} if version >= "0003" else {})
    said = messages.of(conn, ORG, CONVERSATION)
    assert [(each.seq, each.text) for each in said] == list(enumerate(SAID, 1))
    assert [each.interrupted for each in said] == [False, False, True]
    last = sessions.get(conn, ORG, SESSION)
    assert last is not None
    assert (last.consent or {}).get("hash") == ("ab" if version >= "0005" else None)
    run = f"run_{2:032x}"
    where = {"conversation_id": CONVERSATION, "agent_id": AGENT}
    runs.start(conn, ORG, id=run, process="two", now=NOW, **where)
    anew = authorize(conn, ORG, CONVERSATION, AGENT, key.id, "anew")
    assert sessions.open(conn, ORG, anew.id, run, NOW)
    more = messages.append(
        conn,
        ORG,
        conversation_id=CONVERSATION,
        run_id=run,
        session_id=anew.id,
        turn_id="turn-4",
        role="user",
        kind="message",
        text="And milk.",
        now=NOW,
    )
    assert more.seq == 4


def shown(conn: Connection) -> None:
    """The trace of then is read, found by its words, and another one gets a number of its own."""
    trace = trace_lists.get(conn, ORG, RUN)
    assert trace is not None
    assert (trace.status, trace.e2e_max_ms) == ("complete", 812.5)
    (turn,) = trace_lists.turns_of(conn, ORG, RUN)
    assert (turn.user_text, turn.agent_text) == (SAID[0], SAID[2])
    assert [each.name for each in trace_lists.spans_of(conn, ORG, RUN)] == ["llm_request"]
    assert [each.text for each in trace_lists.logs_of(conn, ORG, RUN)] == ["connected"]
    words = trace_lists.page(conn, ORG, filters=TraceFilter(text="grüß"))
    assert [each.id for each in words.items] == [RUN]
    traces.put(conn, ORG, [TraceRow(trace=f"{2:032x}")], NOW)
    assert trace_lists.get(conn, ORG, f"run_{2:032x}") is not None


@pytest.mark.parametrize("version", [VERSIONS[0], VERSIONS[-1]])
def test_a_server_starts_on_it_and_resumes_its_conversation(tmp_path: Path, version: str) -> None:
    """By the key of then: authorize knows the conversation, and the transcript is served."""
    data = tmp_path / "data"
    url = f"sqlite:///{data / 'duologue.db'}"
    released.fill(url, file_of(version, url))
    desk = tmp_path / "desk.py"
    desk.write_text(DESK, encoding="utf-8")
    who = {"authorization": f"Bearer {KEY}"}
    with House(data, desk) as house:
        answer = httpx.post(
            f"{house.url}/v1/agents/web/authorize_session",
            json={"agent_id": "front-desk", "conversation_id": CONVERSATION},
            headers=who,
            timeout=30,
        )
        assert answer.status_code == 200, answer.text
        assert answer.json()["conversation_id"] == CONVERSATION
        assert [one["text"] for one in house.messages(CONVERSATION)] == list(SAID)
        assert house.command("db", "check")["ok"]


DESK = '''
from livekit.agents import Agent

import duologue


@duologue.agent("front-desk", greeting="Hello.")
class FrontDesk(Agent):
    """You are a front desk."""
'''
