"""`duologue conversations`."""

from __future__ import annotations

import io
import json

import pytest
from tests.cli.conftest import Shell

from duologue.store import (
    agents,
    conversations,
    feedback,
    messages,
    organizations,
    runs,
    sessions,
)
from duologue.store.database import unit


@pytest.fixture
def said(shell: Shell) -> str:
    """A conversation of two messages; the second one was cut off."""
    with unit(f"sqlite:///{shell.folder / '.duologue' / 'duologue.db'}") as conn:
        owner = organizations.get(conn, "default")
        assert owner is not None
        agent = agents.put(
            conn,
            owner.id,
            slug="desk",
            name="Desk",
            definition='{"slug":"desk"}',
            source="desk.py",
            now=1,
            publish=True,
        )
        talk = conversations.create(
            conn, owner.id, agent_id=agent.id, key_id=None, metadata={"table": 4}, now=1000
        )
        session = sessions.create(
            conn,
            owner.id,
            conversation_id=talk.id,
            agent_id=agent.id,
            key_id=None,
            key_hash="secret-hash",
            key_expires_at=1,
            transport="websocket",
            capabilities=[],
            config={},
            metadata={},
            custom_metadata={},
            custom_headers={},
            sdk_version="",
            origin=None,
            now=1000,
        )
        run = runs.start(
            conn,
            owner.id,
            id="run_1",
            conversation_id=talk.id,
            agent_id=agent.id,
            process="test",
            now=1000,
        )
        for role, text, cut in (
            ("user", "A table, [bold]please[/]", False),
            ("assistant", "For", True),
        ):
            messages.append(
                conn,
                owner.id,
                conversation_id=talk.id,
                run_id=run.id,
                session_id=session.id,
                turn_id="t1",
                role=role,  # type: ignore[arg-type]  # both are roles; the loop hides it
                kind="message",
                text=text,
                interrupted=cut,
                now=2000,
            )
    return talk.id


def test_the_list_is_newest_first_and_goes_on(shell: Shell, said: str) -> None:
    """One conversation, in words and in JSON; another agent has none."""
    listed = shell("conversations", "list", "--json").json
    assert [each["id"] for each in listed["items"]] == [said]
    assert listed["next"] is None
    assert "resume_hash" not in listed["items"][0]
    table = shell("conversations", "list", "--agent", "desk").out
    assert said in table
    assert "open" in table
    assert "No conversations yet" in shell("conversations", "list", "--agent", "other").out


def test_the_list_names_the_command_that_goes_on(shell: Shell, said: str) -> None:
    """When more is there, the last line says how to see it."""
    with unit(f"sqlite:///{shell.folder / '.duologue' / 'duologue.db'}") as conn:
        owner = organizations.get(conn, "default")
        assert owner is not None
        agent = agents.all(conn, owner.id)[0]
        newer = conversations.create(
            conn, owner.id, agent_id=agent.id, key_id=None, metadata={}, now=5000
        )
    first = shell("conversations", "list", "--limit", "1")
    assert f"--before {newer.id}" in first.out
    rest = shell("conversations", "list", "--before", newer.id, "--json").json
    assert [each["id"] for each in rest["items"]] == [said]


def test_a_transcript_reads_as_it_was_said(shell: Shell, said: str) -> None:
    """Each entry has its speaker; brackets are text, and an interruption is marked."""
    lines = shell("conversations", "show", said).out.splitlines()
    assert lines[0].endswith("user: A table, [bold]please[/]")
    assert lines[1].endswith("assistant: For [interrupted]")
    shown = shell("conversations", "show", said, "--json").json
    assert [each["text"] for each in shown["messages"]] == ["A table, [bold]please[/]", "For"]


def test_what_was_thought_of_it_is_told(shell: Shell, said: str) -> None:
    """After the words of the talk, and in what is exported."""
    with unit(f"sqlite:///{shell.folder / '.duologue' / 'duologue.db'}") as conn:
        owner = organizations.get(conn, "default")
        assert owner is not None
        (session,) = sessions.page(conn, owner.id, conversation_id=said, limit=1).items
        feedback.put(conn, session, rating="down", text="Too slow.", now=9000)
    assert shell("conversations", "show", said).out.endswith("thumb down: Too slow.\n")
    (shown,) = shell("conversations", "show", said, "--json").json["feedback"]
    assert (shown["rating"], shown["session_id"]) == ("down", session.id)
    assert shell("conversations", "export", said).json["feedback"] == [shown]


def test_an_export_is_whole_and_holds_no_secret(shell: Shell, said: str) -> None:
    """Facts, sessions and messages, on stdout or in a file; no hash of any key."""
    document = shell("conversations", "export", said).json
    assert document["metadata"] == {"table": 4}
    assert len(document["sessions"]) == 1
    assert len(document["messages"]) == 2
    answer = shell("conversations", "export", said, "--out", "talk.json")
    assert "Wrote 2 entries to talk.json." in answer.out
    text = (shell.folder / "talk.json").read_text()
    assert json.loads(text) == document
    assert "secret-hash" not in text
    assert (
        shell("conversations", "export", said, "--out", "b.json", "--json").json["file"] == "b.json"
    )


def test_deleting_asks_or_is_told_and_forgets_everything(
    shell: Shell, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Programs must say --yes, people are asked; afterwards nothing is left."""
    assert shell("conversations", "delete", said, "--json").code == 2
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert shell("conversations", "delete", said).code == 130
    assert shell("conversations", "show", said).code == 0
    assert shell("conversations", "delete", said, "--yes", "--json").json["deleted"] is True
    assert shell("conversations", "show", said).code == 1
    assert shell("conversations", "delete", said, "--yes").code == 1
