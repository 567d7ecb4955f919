"""A conversation's page: to scale, in pieces, and never large."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import Connection
from tests.store.tracing import NS, RUN, TRACE, line, span, told, turn
from tests.store.world import NOW, World

from duologue.access.console import Reader
from duologue.console.pages import delays, engine, lanes, trace
from duologue.console.pages import step as steps_page
from duologue.errors import DuologueError
from duologue.store import recordings, trace_lists, traces
from duologue.store.console_lists import Mark
from duologue.store.trace_records import TraceEntry
from duologue.wire.traces import Log, Turn

S = 10**9
READER = Reader(id="con_1", org_id="org_1", role="owner", name="", noted_at=0)


def step(name: str, start: float, end: float, kind: str = "other", **facts: Any) -> Mark:
    """A span between two seconds."""
    known = {"status": "ok", "error": ""} | facts
    ends = int(end * S)
    return Mark(
        id=f"{name}-{start}", name=name, kind=kind, start_ns=int(start * S), end_ns=ends, **known
    )


def drawn(steps: list[Mark], turns: list[Turn] | None = None, logs: list[Log] | None = None) -> Any:
    """The lanes of ten seconds, by their ids."""
    found = lanes.lanes(steps, turns or [], logs or [], since_ns=0, until_ns=10 * S, base="/at")
    return {lane.id: lane.marks for lane in found}


def spoken(index: int = 0, **facts: Any) -> Turn:
    """A turn as it comes back."""
    known: dict[str, Any] = dict.fromkeys(Turn.__struct_fields__, 0)
    known |= {name: None for name in known if name.endswith(("_ms", "_s"))}
    known |= {"user_text": "Hello.", "agent_text": "", "interruption": "", "confidence": None}
    return Turn(**known | {"index": index, "spoken": True, "interrupted": False} | facts)


def test_marks_are_to_scale() -> None:
    """In percent of the piece; what reaches out of it is cut, and nothing is too thin to see."""
    found = drawn([step("llm_request", 2, 4.5, "llm"), step("tts_request", -3, 1, "tts")])
    (llm,), (tts,) = found["llm"], found["tts"]
    assert (llm.x, llm.width) == (20, 25)
    assert (tts.x, tts.width) == (0, 10)
    assert llm.link == "/at/spans/llm_request-2"
    (end,) = drawn([step("book", 10, 10, "tool")])["tool"]
    assert end.x + end.width == 100
    assert end.width > 0


def test_who_spoke_is_drawn_by_the_sound() -> None:
    """And by the turn around it where no sound was told of; the two have always their lanes."""
    turn_ = step("agent_turn", 1, 9, "assistant_turn")
    assert [mark.x for mark in drawn([turn_, step("agent_speaking", 3, 4)])["agent"]] == [30]
    assert [mark.x for mark in drawn([turn_])["agent"]] == [10]
    assert list(drawn([])) == ["user", "agent"]


def test_what_is_open_goes_on_and_what_failed_is_seen() -> None:
    """An open step reaches to the end; errors of spans and of the log have a lane."""
    (still,) = drawn([step("agent_speaking", 5, 0)])["agent"]
    assert (still.width, "not ended" in still.title) == (50, True)
    failed = step("lost", 1, 1, "error", status="error", error="APIError")
    said = Log("f" * 16, 2 * S, "error", "boom", "", "", {})
    calm = Log("e" * 16, 3 * S, "info", "fine", "", "", {})
    first, second = drawn([failed], logs=[said, calm])["error"]
    assert (first.wrong, first.title) == (True, "lost, 0 ms, APIError")
    assert second.link == f"#log-{'f' * 16}"


def test_the_wait_for_the_end_is_not_the_recognizer() -> None:
    """Each has its lane; a recognizer without a step is drawn as long as its turn says."""
    waits = [step("eou_wait", 1, 2), step("eou_wait", 4, 6)]
    told_ = spoken(3, started_ns=0, ended_ns=9 * S, stt_ms=500.0)
    found = drawn(waits, [told_])
    assert [mark.x for mark in found["eou"]] == [10, 40]
    (stt,) = found["stt"]
    assert (stt.x, stt.width, stt.title, stt.link) == (40, 5, "STT, 500 ms", "#turn-3")
    real = drawn([*waits, step("stt", 4, 5, "stt")], [told_])
    assert [(mark.x, mark.width) for mark in real["stt"]] == [(40, 10)]
    assert "stt" not in drawn(waits, [spoken(started_ns=0, ended_ns=9 * S)])
    assert "stt" not in drawn(waits, [spoken(started_ns=7 * S, ended_ns=9 * S, stt_ms=500.0)])


def test_typed_words_have_a_mark() -> None:
    """For nobody heard them."""
    (mark,) = drawn([], [spoken(spoken=False, started_ns=S), spoken(1)])["user"]
    assert (mark.link, mark.title) == ("#turn-0", "typed: Hello.")


def test_ticks_are_round_and_few() -> None:
    """Of any length, counted from the beginning of the whole."""
    for long in (1, 58, 4000, 10**6):
        found = lanes.ticks(0, long * S, 0)
        assert 1 < len(found) <= 13
    names = [tick.name for tick in lanes.ticks(61 * S, 70 * S, 0)]
    assert names == ["1:02", "1:04", "1:06", "1:08", "1:10"]


def test_a_bar_is_split_without_counting_twice() -> None:
    """The transcript comes within the wait for the end; what nobody measured is unexplained."""
    whole = spoken(eou_ms=400.0, stt_ms=150.0, llm_ms=300.0, tts_ms=200.0, e2e_ms=1000.0)
    half = spoken(1, e2e_ms=500.0)
    typed = spoken(2, llm_ms=250.0)
    nothing = spoken(3)
    early = spoken(4, eou_ms=400.0, llm_ms=300.0, early_ms=200.0, e2e_ms=600.0)
    unheard = spoken(5, eou_ms=400.0, llm_ms=300.0, early_ms=200.0)
    first, second, third, none, *ahead = delays.bars([whole, half, typed, nothing, early, unheard])
    assert first is not None
    assert {part.id: part.milliseconds for part in first.parts} == {
        "eou": 400.0,
        "llm": 300.0,
        "tts": 200.0,
        "rest": 100.0,
    }
    assert [part.x for part in first.parts] == [0, 40, 70, 90]
    assert second is not None
    assert (second.whole, second.parts[0].id, second.parts[0].width) == (True, "rest", 50)
    assert third is not None
    assert (third.whole, third.milliseconds) == (False, 250)
    assert none is None
    thought = {"eou": 400.0, "llm": 100.0}
    told = [{part.id: part.milliseconds for part in bar.parts} for bar in ahead if bar]
    assert told == [thought | {"rest": 100.0}, thought]


def test_a_long_conversation_comes_in_small_pieces(conn: Connection, world: World) -> None:
    """Each with its own turns, steps and lines, all of them reached, none over 150 kB."""
    rows: list[TraceEntry] = [told(started_ns=NS, ended_ns=NS + 60 * S, status="complete")]
    for index in range(50):
        rows.append(turn(index, user_text="漢" * 5000, agent_text="<&>" * 5000, e2e_ms=900.0))
        begin = NS + index * S
        for place in range(30):
            at = begin + place * S // 100
            name = "a_long_name_of_a_step"
            rows.append(
                span(index * 100 + place, name=name, kind="llm", start_ns=at, end_ns=at + S)
            )
        rows.append(line(index, at_ns=begin + 5, text="<warning>" * 500, level="warning"))
    traces.put(conn, world.id, rows, NOW)
    seen: list[int] = []
    after: int | None = 0
    while after is not None:
        view = trace.load(conn, world.id, RUN, after=after, now=NOW)
        seen += [each.turn.index for each in view.moments if each.turn is not None]
        html = engine.draw("trace", reader=READER, place="", view=view)
        assert len(html.encode()) < 150_000
        after = view.last if view.later else None
    assert seen == list(range(50))
    assert view.earlier == f"/console/traces/{RUN}?after=20"


def test_lines_are_kept_by_their_weight(conn: Connection, world: World) -> None:
    """Errors before chatter, and the page says how many are missing."""
    rows: list[TraceEntry] = [told(status="active"), turn(0)]
    rows += [line(number) for number in range(trace.LOGS + 5)]
    rows.append(line(999, level="error", text="lost the model", at_ns=NS + 9))
    traces.put(conn, world.id, rows, NOW)
    view = trace.load(conn, world.id, RUN, after=0, now=NOW + 5000)
    texts = [each.log.text for each in view.moments if each.log is not None]
    assert "lost the model" in texts
    assert (len(texts), view.hidden) == (trace.LOGS, 6)


def test_what_was_logged_along_is_not_read_for_the_page(conn: Connection, world: World) -> None:
    """It may be large, and stands in the exports."""
    logged = line(1, attributes='{"shelf":7}')
    traces.put(conn, world.id, [told(status="active"), turn(0), logged], NOW)
    view = trace.load(conn, world.id, RUN, after=0, now=NOW + 5000)
    assert [each.log.attributes for each in view.moments if each.log is not None] == [{}]
    [kept] = trace_lists.logs_of(conn, world.id, RUN)
    assert kept.attributes == {"shelf": 7}


def test_too_many_steps_are_counted(conn: Connection, world: World) -> None:
    """The longest are drawn, and the page says how many are not."""
    rows: list[TraceEntry] = [told(status="complete", started_ns=NS, ended_ns=NS + 9 * S), turn(0)]
    rows += [
        span(n, kind="llm", start_ns=NS, end_ns=NS + (2 if n % 2 else 1) * S)
        for n in range(2 * trace.MARKS)
    ]
    traces.put(conn, world.id, rows, NOW)
    view = trace.load(conn, world.id, RUN, after=0, now=NOW)
    drawn_ = [mark for lane in view.lanes if lane.id == "llm" for mark in lane.marks]
    assert (len(drawn_), view.undrawn) == (trace.MARKS, trace.MARKS)
    assert {round(mark.width, 1) for mark in drawn_} == {22.2}
    html = engine.draw("trace", reader=READER, place="", view=view)
    assert f"{trace.MARKS} more steps of this time" in html


def test_recordings_lie_at_their_time(conn: Connection, world: World) -> None:
    """By the clock of the conversation, whichever began first."""
    traces.put(conn, world.id, [told(status="active", started_ns=NS), turn(0)], NOW)
    assert trace.load(conn, world.id, RUN, after=0, now=NOW).sounds == []
    for place, began in enumerate((NS + 2 * S, NS - S // 4)):
        path = f"{place}.ogg"
        recordings.start(conn, world.id, RUN, path=path, format="ogg", started_ns=began, now=NOW)
    first, second = trace.load(conn, world.id, RUN, after=0, now=NOW).sounds
    assert (first.since, second.since, second.at, second.long) == (-250, 2000, "0:02", 0)
    assert first.address.startswith(f"/console/traces/{RUN}/recordings/rec_")
    assert first.address.endswith(".ogg")


def test_what_goes_on_here_is_watched_live(conn: Connection, world: World) -> None:
    """Not what is over, nor what goes on elsewhere; nobody is led there by a link."""
    for source, status, led in (
        ("duologue", "active", True),
        ("duologue", "complete", False),
        ("prefactor", "active", False),
    ):
        facts = told(source=source, status=status, conversation_id="conv_1", ended_ns=NS)
        traces.put(conn, world.id, [facts], NOW)
        view = trace.load(conn, world.id, RUN, after=0, now=NOW)
        html = engine.draw("trace", reader=READER, place="", view=view)
        assert ('href="/console/live/conv_1"' in html) == led, (source, status)


def test_who_holds_a_link_is_told_less(conn: Connection, world: World) -> None:
    """Nothing of where it stands in the organization, and all addresses are the link's own."""
    ids = {"conversation_id": "conv_x", "session_id": "sess_x", "visitor_id": "vis_x"}
    facts = told(status="complete", room="room-x", tags=["tag-x"], cost_micros=999_999, **ids)
    traces.put(conn, world.id, [facts, *(turn(n) for n in range(30)), span(1, kind="llm")], NOW)
    view = trace.load(conn, world.id, RUN, after=20, now=NOW, base="/at/x", shown_until=NOW)
    html = engine.draw("shared", reader=None, place="", view=view)
    for secret in (*ids.values(), "room-x", "tag-x", RUN, "cost", "/console/"):
        assert secret not in html
    assert view.earlier == "/at/x?after=0"


def test_a_step_says_all_it_knows(conn: Connection, world: World) -> None:
    """JSON within text is laid out, long values are cut, strangers find nothing."""
    attributes = (
        '{"messages":"[{\\"role\\":\\"user\\"}]","broken":"{no","n":3,"long":"' + "x" * 9000
    )
    rows: list[TraceEntry] = [
        told(),
        span(1, attributes=attributes + '"}', events='[{"name":"go"}]'),
    ]
    traces.put(conn, world.id, rows, NOW)
    view = steps_page.load(conn, world.id, RUN, f"{1:016x}")
    found = dict(view.attributes)
    assert found["messages"] == '[\n  {\n    "role": "user"\n  }\n]'
    assert (found["broken"], found["n"]) == ("{no", "3")
    assert len(found["long"]) == steps_page.VALUE
    assert view.events[0][0] == "go"
    assert view.took == "1.00 s"
    for org, span_id in ((world.id, "unknown"), ("org_other", f"{1:016x}")):
        with pytest.raises(DuologueError, match=TRACE):
            steps_page.load(conn, org, RUN, span_id)
