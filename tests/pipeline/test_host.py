"""Who talks in this process."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.pipeline.stage import Stage, stage, until

from duologue.core import happenings as h
from duologue.errors import DuologueError
from duologue.pipeline import places
from duologue.pipeline.run import Run
from duologue.pipeline.seat import Guest
from duologue.store import organizations, runs, sessions
from duologue.store.records import Session


async def test_one_session_too_many_is_refused_and_the_others_go_on(tmp_path: Path) -> None:
    """The refusal is at authorize; a place that becomes free is free."""
    async with stage(tmp_path, settings={"max_sessions": 2}) as desk:
        first = await desk.join()
        await desk.join()
        with pytest.raises(DuologueError) as refused:
            await desk.join()
        assert (refused.value.code, refused.value.status) == ("overloaded", 503)
        await first.said("Hello.")
        await desk.leave(first)
        await until(lambda: desk.host.live < 2)
        await (await desk.join()).said("Hello.")


async def test_a_server_that_closes_tells_everyone_and_takes_nobody(tmp_path: Path) -> None:
    """Clients hear going_away; the rows of their sessions are closed."""
    async with stage(tmp_path) as desk:
        client = await desk.join()
        await client.until(h.AgentAudio)
        closing = asyncio.create_task(desk.host.close())
        ended = await client.until(h.Ended)
        assert ended.code == "going_away"
        with pytest.raises(DuologueError) as refused:
            await desk.join()
        assert refused.value.code == "going_away"
        await desk.leave(client, "dropped")
        await closing
        assert desk.host.live == 0


async def test_time_on_the_line_is_metered_and_paid(tmp_path: Path) -> None:
    """A session that runs out of credit is warned, then closed; the balance stands at zero."""
    settings = {"price_per_minute": 60.0}
    async with stage(tmp_path, settings=settings) as desk:
        write = desk.host.db.write
        await write(organizations.credit, desk.org_id, 2_500_000, "a gift", 1)
        client = await desk.join()
        codes: list[str] = []
        assert client.seat is not None
        client.seat.on_close = codes.append
        notice = await client.until(h.Noticed)
        assert notice.code == "balance_low"
        await until(lambda: bool(codes))
        assert codes == ["insufficient_balance"]
        await desk.leave(client)
        left = await desk.host.db.read(organizations.get, desk.org_id)
        assert left is not None
        assert left.balance_micros == 0
        session = await desk.host.db.read(sessions.get, desk.org_id, client.seat.guest.session_id)
        assert session is not None
        assert session.attached_ms >= 2000
        assert session.state == "ended"
        with pytest.raises(DuologueError) as refused:
            await desk.join(again=True)
        assert refused.value.code == "insufficient_balance"


async def test_a_session_ends_at_its_limit(tmp_path: Path) -> None:
    """The agent's own limit counts, and the caller is told, and warned before."""
    async with stage(tmp_path, session_minutes=0.04) as desk:
        client = await desk.join()
        warned = await client.until(h.Noticed)
        assert warned.code == "ends_soon"
        assert re.fullmatch("The conversation ends in about [12] seconds.", warned.message)
        ended = await client.until(h.Ended)
        assert ended.code == "timed_out"


async def test_two_callers_do_not_mix(tmp_path: Path) -> None:
    """Each hears its own answers only."""
    async with stage(tmp_path) as desk:
        one, two = await desk.join(), await desk.join()
        one.run.floor.type("apples")
        two.run.floor.type("pears")
        await one.said("You said: apples")
        await two.said("You said: pears")
        assert "pears" not in str(one.heard)
        assert "apples" not in str(two.heard)


async def test_clients_that_race_for_one_conversation_get_one_agent(tmp_path: Path) -> None:
    """Ten return at once: one run, and only the last key opens."""
    async with stage(tmp_path) as desk:
        first = await desk.join()
        await first.said("Hello.")
        await desk.leave(first)
        outcomes = await asyncio.gather(
            *(desk.join(again=True) for _ in range(10)), return_exceptions=True
        )
        joined = [one for one in outcomes if not isinstance(one, BaseException)]
        refused = [one for one in outcomes if isinstance(one, DuologueError)]
        assert len(joined) + len(refused) == 10
        assert joined
        assert desk.host.live == 1


async def test_who_returns_while_the_old_client_drops_is_not_ended_with_it(tmp_path: Path) -> None:
    """The grace time of the lost client does not run for the one that is there."""
    async with stage(tmp_path, settings={"grace_seconds": 0.3}) as desk:
        first = await desk.join()
        await first.said("Hello.")
        joining = asyncio.create_task(desk.join(again=True))
        await until(lambda: bool(desk.host._doors) or joining.done())
        await desk.leave(first, "dropped")
        second = await joining
        await asyncio.sleep(0.8)
        assert second.run.ended is None
        second.run.floor.type("still there?")
        await second.said("You said: still there?")


async def test_a_row_that_cannot_be_opened_leaves_no_agent_behind(tmp_path: Path) -> None:
    """A refused upgrade gives its place back after the grace time."""
    async with stage(tmp_path, settings={"grace_seconds": 0.2}) as desk:
        client = await desk.join()
        assert client.seat is not None
        guest = client.seat.guest
        await desk.leave(client)
        with pytest.raises(DuologueError) as refused:
            await desk.host.seat(guest, client)
        assert refused.value.code == "session_open"
        await until(lambda: desk.host.live == 0)


async def test_a_new_wish_for_turns_is_a_new_run(tmp_path: Path) -> None:
    """A session that asks for push-to-talk gets it, with everything remembered."""
    async with stage(tmp_path) as desk:
        first = await desk.join()
        await first.said("Hello.")
        wish = {"turns": {"trigger": "push_to_talk"}}
        second = await desk.join(again=True, overrides=wish)
        assert second.run is not first.run
        assert second.run.definition.turns.trigger == "push_to_talk"
        assert second.seat is not None
        assert second.seat.resumed == "rebuilt"


def failing(times: int, work: Callable[..., Any]) -> Callable[..., Any]:
    """The same work, which fails so many times before."""
    left = [DuologueError("store_unusable", reason="a test")] * times

    def unit(*args: Any, **more: Any) -> Any:
        if left:
            raise left.pop()
        return work(*args, **more)

    return unit


async def test_a_client_whose_drop_could_not_be_written_comes_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is written again until it is, and who returns meanwhile waits for that."""
    monkeypatch.setattr("duologue.pipeline.host.AGAIN", 0.5)
    monkeypatch.setattr("duologue.pipeline.host.GOODBYE", 0.01)
    async with stage(tmp_path) as desk:
        client = await desk.join()
        assert client.seat is not None
        guest = client.seat.guest
        monkeypatch.setattr(sessions, "detach", failing(3, sessions.detach))
        await desk.leave(client, "dropped")
        assert (await _session(desk, guest)).state == "live"
        back = await desk.host.seat(guest, client)
        assert (back.resumed, back.run) == ("live", client.run)
        assert (await _session(desk, guest)).state == "live"
        assert desk.host._departures == {}


async def test_an_end_that_could_not_be_written_is_written_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also for the one who left for good."""
    monkeypatch.setattr("duologue.pipeline.host.AGAIN", 0.05)
    async with stage(tmp_path) as desk:
        client = await desk.join()
        assert client.seat is not None
        monkeypatch.setattr(sessions, "end", failing(3, sessions.end))
        await desk.leave(client, "left")
        found = await _session(desk, client.seat.guest)
        assert (found.state, found.end_reason) == ("ended", "left")


async def test_a_run_that_ends_while_its_client_comes_in_leaves_no_live_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next run takes the session over; where none can begin, it may come back."""
    async with stage(tmp_path) as desk:
        first = await desk.join()
        assert first.seat is not None
        guest = first.seat.guest
        await desk.leave(first, "dropped")
        take = places.take

        async def taken(db: Any, who: Any, run: Any, *args: Any, **more: Any) -> bool:
            found = await take(db, who, run, *args, **more)
            if run is first.run:
                run.left()
            return found

        monkeypatch.setattr(places, "take", taken)
        seat = await desk.host.seat(guest, first)
        assert seat.run is not first.run
        found = await _session(desk, guest)
        assert (found.state, found.run_id) == ("live", seat.run.id)
        await desk.host.unseat(seat, "dropped")
        first.seat = seat

        async def moving(*_: Any, **__: Any) -> Any:
            raise DuologueError("conversation_moving", conversation="this", seconds=1)

        monkeypatch.setattr(desk.host, "_rebuilt", moving)
        with pytest.raises(DuologueError) as refused:
            await desk.host.seat(guest, first)
        assert refused.value.code == "conversation_moving"
        assert (await _session(desk, guest)).state == "detached"


async def test_a_run_that_cannot_be_closed_has_ended_all_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its end is in the store, and whoever comes next gets another."""

    async def closed(run: Run) -> None:
        raise DuologueError("store_unusable", reason="a test")

    async with stage(tmp_path) as desk:
        first = await desk.join()
        told: list[str] = []
        ended = desk.host.tracing.ended

        def noted(run: str, *how: Any) -> None:
            told.append(run)
            ended(run, *how)

        monkeypatch.setattr(desk.host.tracing, "ended", noted)
        with monkeypatch.context() as broken:
            broken.setattr(Run, "closed", closed)
            assert first.seat is not None
            await desk.host.unseat(first.seat, "left")
            await until(lambda: desk.host.live == 0)
        found = await desk.host.db.read(runs.get, desk.org_id, first.run.id)
        assert found is not None
        assert (found.end_reason, told) == ("left", [first.run.id])


async def _session(desk: Stage, guest: Guest) -> Session:
    found = await desk.host.db.read(sessions.get, desk.org_id, guest.session_id)
    assert found is not None
    return found
