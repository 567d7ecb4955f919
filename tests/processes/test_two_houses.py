"""Several processes on one memory: a conversation is in one of them, and reached from all."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from livekit.protocol import agent as protocol
from livekit.protocol import models
from tests import postgres
from tests.pipeline.stage import Client, until
from tests.processes.twins import Bus, Line, Twin, twins

from duologue.access import claims
from duologue.pipeline import meters
from duologue.pipeline.host import Host
from duologue.server.admit import Doorman
from duologue.server.nearby import Nearby
from duologue.store import messages, runs
from duologue.testing.line import Refused, authorize
from duologue.transports.livekit.desk import Desk
from duologue.transports.livekit.names import LiveKit
from duologue.wire.rooms import Claim

# Litestar 2.25 warns of names that 2.20, which we also run on, has no others for.
pytestmark = [pytest.mark.postgres, pytest.mark.filterwarnings("ignore::DeprecationWarning")]


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """PostgreSQL."""
    with postgres.server() as found:
        yield found


async def where(*houses: Twin) -> list[int]:
    """How many runs each house has, and the store as open: never more than these."""
    stored = await houses[0].open_runs()
    assert len({run.conversation_id for run in stored}) == len(stored)
    return [each.host.live for each in houses]


def _desk(house: Twin, secret: str) -> Desk:
    """What answers LiveKit's offers, in a house."""

    async def known(claim: Claim) -> bool:
        return True

    async def nothing(_: object) -> None:
        pass

    return Desk(
        house.host, LiveKit("ws://nobody", "key", secret), nothing, known, nothing, lambda: None
    )


def _job(line: Line, house: Twin, secret: str, number: str) -> protocol.Job:
    """An offer of a room for the conversation of a client."""
    claim = Claim(
        org=house.org_id,
        agent="agt_1",
        room="room",
        identity="ann",
        session="sess_1",
        conversation=line.conversation,
        exp=int(time.time()) + 600,
    )
    room = models.Room(name="room")
    return protocol.Job(id=f"AJ_{number}", room=room, metadata=claims.mint(claim, secret))


async def test_authorized_in_one_and_opened_in_the_other(tmp_path: Path, server: str) -> None:
    """A new conversation begins where its socket lands."""
    async with twins(tmp_path, server, grace_seconds=60.0) as (a, b):
        line = await a.line(at=b)
        await line.hears("Hello.")
        assert await where(a, b) == [0, 1]
        await line.leave()


async def test_a_client_that_comes_back_elsewhere_goes_on_live(tmp_path: Path, server: str) -> None:
    """With the same key it is carried to its agent, which says again what was not heard."""
    async with twins(tmp_path, server, grace_seconds=60.0) as (a, b):
        first = await a.line(agent="teller")
        sound = await first.until("response.audio")
        first.drop()
        await until(lambda: not a.host.seats)
        second = await Line.opened(b.url, first.key, first.answer)
        again = await second.until("response.audio")
        assert again["turn_id"] != sound["turn_id"]
        await second.type("apples")
        await second.hears("You said: apples")
        assert await where(a, b) == [1, 0]
        (run,) = await a.open_runs()
        assert run.process == a.host.process
        await second.leave()
        await until(lambda: a.host.live == 0)


async def test_a_carried_socket_is_closed_as_it_was_meant(tmp_path: Path, server: str) -> None:
    """Who is lost there is lost, who reloads drops, who leaves has left; and so back."""
    async with twins(tmp_path, server, grace_seconds=60.0) as (a, b):
        first = await a.line()
        await first.hears("Hello.")
        first.drop()
        for how in ("lost", 1001):
            carried = await Line.opened(b.url, first.key, first.answer)
            await carried.type(f"say {how}")
            await carried.hears(f"You said: say {how}")
            if how == "lost":
                carried.drop()
            else:
                await carried.leave(1001)
            await until(lambda: not a.host.seats)
            assert a.host.live == 1
        carried = await Line.opened(b.url, first.key, first.answer)
        await carried.socket.send("{")
        notice = await carried.until("response.data")
        assert "bad_request" in str(notice)
        await carried.leave(1000)
        await until(lambda: a.host.live == 0)
        here = await b.line(first.conversation)
        await here.type("apples")
        await here.hears("You said: apples")
        carried = await a.line(first.conversation)
        other = await b.line(first.conversation)
        code, reason = await carried.end()
        assert (code, reason) == (4001, "This conversation was opened in another place.")
        await other.leave()


async def test_a_house_that_goes_lets_those_it_carries_hear_the_answer(
    tmp_path: Path, server: str
) -> None:
    """Then they are sent back, and the conversation waits for them where it is."""
    async with twins(tmp_path, server, grace_seconds=60.0) as (a, b):
        first = await a.line()
        await first.hears("Hello.")
        first.drop()
        carried = await Line.opened(b.url, first.key, first.answer)
        await carried.type("apples")
        turn = (await carried.hears("You said: apples"))["turn_id"]
        draining = asyncio.create_task(b.host.drain())
        await carried.until("turn.end", lambda one: one.get("turn_id") == turn)
        assert (await carried.end())[0] == 1012
        await draining
        assert await where(a, b) == [1, 0]
        back = await Line.opened(a.url, first.key, first.answer)
        await back.type("pears")
        await back.hears("You said: pears")
        await back.leave()


async def test_a_resumed_grade_is_told_across_processes(tmp_path: Path, server: str) -> None:
    """At authorize, too, where another house has the run; and rebuilt once it has ended."""
    async with twins(tmp_path, server, grace_seconds=60.0) as (a, b):
        first = await a.line()
        await first.hears("Hello.")
        second = await b.line(first.conversation)
        assert (await first.end())[0] == 4001
        await second.type("pears")
        await second.hears("You said: pears")
        assert await where(a, b) == [1, 0]
        await second.leave()
        await until(lambda: a.host.live == 0)
        third = await b.line(first.conversation)
        await third.type("plums")
        await third.hears("You said: plums")
        assert await where(a, b) == [0, 1]
        await third.leave()


async def test_one_that_only_one_may_open_is_seen_from_everywhere(
    tmp_path: Path, server: str
) -> None:
    """With tabs = "reject", the other house refuses as the same one would."""
    async with twins(tmp_path, server, grace_seconds=60.0) as (a, b):
        first = await a.line(agent="strict")
        await first.hears("Hello.")
        with pytest.raises(Refused) as refused:
            await authorize(b.url, "strict", b.key, first.conversation)
        assert (refused.value.status, refused.value.code) == (409, "conversation_open")
        await first.type("still here")
        await first.hears("You said: still here")
        await first.leave()


async def test_those_who_share_meet_in_one_run(tmp_path: Path, server: str) -> None:
    """With tabs = "share", both hear what one of them says."""
    async with twins(tmp_path, server, grace_seconds=60.0) as (a, b):
        first = await a.line(agent="shared")
        await first.hears("Hello.")
        second = await b.line(first.conversation, agent="shared")
        await second.type("together")
        await second.hears("You said: together")
        await first.hears("You said: together")
        assert await where(a, b) == [1, 0]
        assert len(a.host.attached(first.conversation)) == 2
        await first.leave()
        await second.leave()


async def test_owners_reach_a_conversation_from_everywhere(tmp_path: Path, server: str) -> None:
    """By the conversation or its session: to say, to interrupt, to take over, and to end it."""
    async with twins(tmp_path, server, grace_seconds=60.0) as (a, b):
        line = await a.line()
        await line.hears("Hello.")
        session = next(iter(a.host.seats)).guest.session_id
        at = f"/v1/conversations/{line.conversation}"
        listed = await b.ask("GET", at)
        assert listed.json()["live"] is True
        assert (await b.ask("POST", f"{at}/say", text="From the other house.")).status_code == 200
        await line.hears("From the other house.")
        assert (
            await b.ask("POST", f"/v1/sessions/{session}/say", text="Again.")
        ).status_code == 200
        await line.hears("Again.")
        assert (await b.ask("POST", f"/v1/sessions/{session}/interrupt")).status_code == 200
        assert (await b.ask("POST", f"{at}/takeover", name="Ada")).status_code == 200
        await b.ask("POST", f"{at}/speak", text="It is Ada.")
        await line.hears("It is Ada.")
        assert (await b.ask("POST", f"/v1/sessions/{session}/end")).status_code == 200
        assert (await line.end())[0] == 4002
        await until(lambda: a.host.live == 0)
        assert (await b.ask("GET", at)).json()["live"] is False
        with pytest.raises(Refused) as refused:
            await authorize(b.url, "desk", b.key, line.conversation)
        assert refused.value.status == 410


async def test_a_conversation_is_forgotten_from_everywhere(tmp_path: Path, server: str) -> None:
    """Its client is closed where it is, and nothing is written afterwards."""
    async with twins(tmp_path, server, grace_seconds=60.0) as (a, b):
        line = await a.line(agent="teller")
        await line.until("response.audio")
        answer = await b.ask("DELETE", f"/v1/conversations/{line.conversation}")
        assert answer.status_code == 200, answer.text
        assert (await line.end())[0] == 4002
        await until(lambda: a.host.live == 0)
        assert await a.host.db.read(messages.of, a.org_id, line.conversation) == []
        assert (await a.ask("GET", f"/v1/conversations/{line.conversation}")).status_code == 404


async def test_one_whose_house_is_out_of_reach_moves(tmp_path: Path, server: str) -> None:
    """The agent's house ends it by order, and it is rebuilt with all that was said."""
    async with twins(tmp_path, server, grace_seconds=60.0) as (a, b):
        a.host.peer = "127.0.0.1:1"
        first = await a.line()
        await first.hears("Hello.")
        await first.type("apples")
        await first.hears("You said: apples")
        (before,) = await a.open_runs()
        first.drop()
        await until(lambda: not a.host.seats)
        second = await Line.opened(b.url, first.key, first.answer)
        await second.type("pears")
        await second.hears("You said: pears")
        assert await where(a, b) == [0, 1]
        ended = await a.host.db.read(runs.get, a.org_id, before.id)
        assert ended is not None
        assert ended.end_reason == "moved"
        said = await a.host.db.read(messages.of, a.org_id, first.conversation)
        texts = [one.text for one in said if one.kind == "message" and one.role == "user"]
        assert texts == ["apples", "pears"]
        await second.leave()


async def test_without_the_bus_a_conversation_stays_where_it_is(
    tmp_path: Path, server: str
) -> None:
    """A client elsewhere is told to try again, with 503, and never gets a second agent."""
    bus = Bus()
    async with twins(tmp_path, server, bus=bus) as (a, b):
        a.host.peer = "127.0.0.1:1"
        first = await a.line()
        await first.hears("Hello.")
        first.drop()
        await until(lambda: not a.host.seats)
        bus.gone = True
        with pytest.raises(Refused) as refused:
            await Line.opened(b.url, first.key, first.answer)
        assert (refused.value.status, refused.value.code) == (503, "redis_unreachable")
        assert await where(a, b) == [1, 0]
        bus.gone = False
        second = await Line.opened(b.url, first.key, first.answer)
        await second.type("pears")
        await second.hears("You said: pears")
        assert await where(a, b) == [0, 1]
        await second.leave()


async def test_a_house_that_is_full_still_carries_who_has_a_place_elsewhere(
    tmp_path: Path, server: str
) -> None:
    """Nobody new is let in; but a conversation that is live needs no place here."""
    async with twins(tmp_path, server, max_sessions=1) as (a, b):
        there, here = await a.line(), await b.line()
        await there.hears("Hello.")
        await here.hears("Hello.")
        with pytest.raises(Refused) as refused:
            await b.line()
        assert refused.value.code == "overloaded"
        back = await b.line(there.conversation)
        await back.type("apples")
        await back.hears("You said: apples")
        assert await where(a, b) == [1, 1]
        await back.leave()
        await here.leave()


async def test_a_room_s_job_is_left_to_the_process_that_has_its_conversation(
    tmp_path: Path, server: str
) -> None:
    """It is declined once, so that the other one is asked; asked again, it is taken."""
    async with twins(tmp_path, server) as (a, b):
        line = await a.line()
        await line.hears("Hello.")
        secret = "a secret of thirty-two letters.."
        desks = [_desk(each, secret) for each in (a, b)]
        there, here = [
            [(await desk.offered(_job(line, a, secret, number))).availability for number in "12"]
            for desk in desks
        ]
        assert [one.available for one in there] == [True, False]  # it has the room by then
        assert [one.available for one in here] == [False, True]
        assert [one.terminate for one in here] == [False, False]
        for desk in desks:
            await desk.close()
        await line.leave()


async def test_one_who_cannot_be_carried_has_the_conversation_fetched(
    tmp_path: Path, server: str
) -> None:
    """As from a room: its old client is told to come back, and is carried to where it went."""
    async with twins(tmp_path, server) as (a, b):
        first = await a.line(agent="shared")
        await first.hears("Hello.")
        await first.type("apples")
        await first.hears("You said: apples")
        ticket = await authorize(b.url, "shared", b.key, first.conversation)
        doorman = Doorman(
            b.host, Nearby("serve", b.org_id, bound=b.url, public_url=""), granted=frozenset()
        )
        guest, _ = await doorman.open(ticket.session_key, None)
        client = Client(b.host)
        client.seat = await b.host.seat(guest, client)
        assert client.seat.resumed == "rebuilt"
        assert (await first.end())[0] == 1012
        assert await where(a, b) == [0, 1]
        await b.host.unseat(client.seat, "left")


async def test_of_all_processes_one_does_what_is_to_be_done_once(
    tmp_path: Path, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Three come to it in every round, and one and the same of them does it."""
    monkeypatch.setattr(meters, "TIDY_MS", 0)
    tidied: list[str] = []
    asked: Counter[str] = Counter()

    def watched(host: Host) -> None:
        leads = host.leads

        async def tidy() -> None:
            tidied.append(host.process)

        async def asks() -> bool:
            asked[host.process] += 1
            monkeypatch.setattr(host._meters, "_tidy", tidy)  # of rounds that are counted
            return await leads()

        host.leads = asks

    async with twins(tmp_path, server, count=3) as houses:
        for each in houses:
            watched(each.host)
        await until(lambda: len(asked) == 3 and min(asked.values()) >= 3)
        assert len(set(tidied)) == 1
        assert len(tidied) in (asked[tidied[0]], asked[tidied[0]] - 1)


async def test_who_races_for_one_conversation_in_several_houses_gets_one_agent(
    tmp_path: Path,
    server: str,
) -> None:
    """Twenty times, three clients each: of the ones that come in, all meet in one run."""
    async with twins(tmp_path, server, grace_seconds=60.0) as (a, b):

        async def come(authorizing: Twin, opening: Twin, conversation: str) -> Line | Refused:
            try:
                return await authorizing.line(conversation, at=opening)
            except Refused as refused:
                return refused

        for number in range(20):
            if number % 5 == 0:  # so often may a conversation be asked for
                first = await a.line()
                await first.hears("Hello.")
                await first.leave()
            await until(lambda: a.host.live + b.host.live == 0)
            found = await asyncio.gather(
                come(a, b, first.conversation),
                come(b, a, first.conversation),
                come(*((a, b) if number % 2 else (b, a)), first.conversation),
            )
            assert sum(await where(a, b)) <= 1
            lines = [one for one in found if isinstance(one, Line)]
            codes = [one.code for one in found if isinstance(one, Refused)]
            assert set(codes) <= {"session_key_unknown", "session_open", "replaced"}, codes
            # The last one that was authorized is in; who came in before it is closed.
            open_ = [one for one in lines if one.closed is None]
            assert len(open_) >= 1, (codes, [one.closed for one in lines])
            word = f"round {number}"
            await open_[-1].type(word)
            for line in lines:
                if line.closed is None:
                    await line.leave()
            assert len(await a.open_runs()) <= 1
