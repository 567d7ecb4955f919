"""The live pages' views, out of what a run answers and what the store has."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import msgspec
import pytest
from sqlalchemy import Connection
from tests.store.test_live_lists import say
from tests.store.world import NOW, build

from duologue.access.console import Reader
from duologue.console.pages import engine, live
from duologue.errors import DuologueError
from duologue.store import messages, sessions
from duologue.store.live_lists import Elsewhere, GoingOn
from duologue.wire import live as wire

SHOWN = wire.Shown(
    conversation="conv_1",
    session="sess_1",
    run="run_1",
    agent="Desk",
    transport="websocket",
    visitor="",
    page="/tea",
    since=5,
    state="speaking",
    clients=1,
    holder=None,
    hidden="",
)
ONE = GoingOn("conv_1", "sess_1", "desk", "livekit", "live", "vis_1", 3)


def test_a_row_says_what_the_run_says() -> None:
    """Who answers, whether somebody is there, and since when."""
    row = live.row(ONE, SHOWN, ("user", "Hello"), words=True)
    assert (row.state, row.since, row.holder, row.waits) == ("speaking", 5, "", False)
    assert (row.side, row.text, row.hidden, row.visitor) == ("user", "Hello", False, "vis_1")
    holder = wire.Holder("con_1", "", 0)
    held = live.row(
        ONE,
        msgspec.structs.replace(SHOWN, holder=holder, clients=0, hidden="encrypted"),
        ("assistant", "secret"),
        words=True,
    )
    assert (held.holder, held.waits, held.text, held.hidden) == ("a person", True, "", True)


def test_of_another_process_only_the_store_is_known() -> None:
    """Its words are hidden where no words are shown."""
    row = live.row(ONE, None, ("assistant", "Hello"), words=True)
    assert (row.state, row.since, row.waits, row.text) == ("", 3, False, "Hello")
    assert live.row(ONE, None, ("assistant", "Hello"), words=False).text == ""


def test_a_conversation_shows_its_last_words_and_whose_they_are(conn: Connection) -> None:
    """A person's by their name; the open turn as far as it is said by now."""
    ours = build(conn, "ours")
    say(conn, ours, "old")
    for number in range(2 * live.SAID + 5):
        say(conn, ours, f"line {number}")
    for text, item in (("I am Ada.", {"by": "person", "name": "Ada"}), ("I am", None)):
        messages.append(
            conn,
            ours.id,
            conversation_id=ours.conversation.id,
            run_id=ours.run.id,
            session_id=None,
            turn_id=text,
            role="assistant",
            kind="message",
            text=text,
            item=item,
            final=item is not None,
            now=NOW,
        )
    holder = wire.Holder("con_1", "Ada", 0)
    shown = msgspec.structs.replace(
        SHOWN, conversation=ours.conversation.id, turn="I am", text="I am back.", holder=holder
    )
    view = live.load(conn, ours.id, shown, reader_id="con_1", now=NOW)
    assert len(view.said) == live.SAID
    last = [(each.side, each.name, each.text, each.final) for each in view.said[-2:]]
    assert last == [("person", "Ada", "I am Ada.", True), ("agent", "", "I am back.", False)]
    assert (view.holder, view.mine, view.hidden) == ("Ada", True, "")
    assert not live.load(conn, ours.id, shown, reader_id="con_2", now=NOW).mine


@pytest.mark.parametrize("hidden", list(live.WHY))
def test_words_that_are_hidden_are_not_even_read(conn: Connection, hidden: wire.Hidden) -> None:
    """The page says why."""
    ours = build(conn, "ours")
    say(conn, ours, "secret")
    shown = msgspec.structs.replace(SHOWN, conversation=ours.conversation.id, hidden=hidden)
    view = live.load(conn, ours.id, shown, reader_id="con_1", now=NOW)
    assert (view.said, view.hidden) == ([], live.WHY[hidden])


def test_a_conversation_that_is_not_there_is_not_found(conn: Connection) -> None:
    """As of another organization."""
    ours, theirs = build(conn, "ours"), build(conn, "theirs")
    shown = msgspec.structs.replace(SHOWN, conversation=theirs.conversation.id)
    with pytest.raises(DuologueError, match="There is no conversation"):
        live.load(conn, ours.id, shown, reader_id="con_1", now=NOW)


def test_one_that_is_over_leads_to_its_last_run(conn: Connection) -> None:
    """Where there was one."""
    ours = build(conn, "ours")
    sessions.open(conn, ours.id, ours.session.id, ours.run.id, NOW)
    view = live.load_over(conn, ours.id, ours.conversation.id, now=NOW)
    assert (view.over, view.run) == (True, ours.run.id)
    assert live.load_over(conn, ours.id, "conv_other", now=NOW).run == ""


def test_pages_stay_small_whatever_is_said(conn: Connection) -> None:
    """A hundred talks in a list, and turns that are as long and as odd as can be."""
    ours = build(conn, "ours")
    odd = '<&"' * 2000
    for number in range(live.SAID):
        say(conn, ours, f"{number} {odd}")
    shown = msgspec.structs.replace(SHOWN, conversation=ours.conversation.id)
    view = live.load(conn, ours.id, shown, reader_id="con_1", now=NOW)
    assert view.said[-1].text.startswith(f"{live.SAID - 1} ")
    ada = Reader(id="con_1", org_id=ours.id, role="owner", name="Ada", noted_at=0)
    one = engine.draw("live_one", reader=ada, place="live", view=view)
    assert 30_000 < len(one.encode()) < 150_000
    row = live.row(ONE, SHOWN, ("user", "<" * live.LAST), words=True)
    run = Elsewhere("run_" + "f" * 32, '<&"' * 100, "prefactor", NOW, 10**6)
    others = live.ElsewhereView(runs=[run] * live.OTHERS, more=True)
    every = live.ListView(rows=[row] * live.ROWS, more=True, elsewhere=others, now=NOW)
    all_ = engine.draw("live", reader=ada, place="live", view=every)
    assert len(all_.encode()) < 150_000


def test_the_script_reads_what_is_told() -> None:
    """Each word that the page's script knows is one of ours, by its own name."""
    source = (Path(__file__).parents[2] / "web/packages/console/src/live/words.ts").read_text()
    fields = {
        name: set(re.findall(r"readonly (\w+):", body))
        for name, body in re.findall(r"export interface (\w+) \{(.*?)\n\}", source, re.DOTALL)
    }
    ours = {"Said": live.Said, "Row": live.Row, "List": live.ListView, "Brief": wire.Brief}
    ours |= {"Elsewhere": Elsewhere, "Others": live.ElsewhereView}
    assert set(fields) == {*ours, "Shown"}
    for name, struct in ours.items():
        assert fields[name] == set(struct.__struct_fields__), name
    assert fields["Shown"] <= set(live.LiveView.__struct_fields__)
    told = dict(re.findall(r'\{ readonly type: "(\w+)"(.*?)\}', source))
    events = {str(one.__struct_config__.tag): one for one in get_args(wire.Event)}
    assert set(told) == {"words", "ended", "doing", "levels", "tool", "told", "over"}
    for tag, body in told.items():
        assert set(re.findall(r"readonly (\w+):", body)) == set(events[tag].__struct_fields__), tag
