"""The bus between processes: two bells on one Redis are two processes to each other."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import msgspec
import pytest
from tests.bus.conftest import SHOWN, process
from tests.redis import Redis

from duologue.bus import line
from duologue.bus import redis as module
from duologue.bus.bell import Unheard, all_of, one_of
from duologue.bus.redis import RedisBell
from duologue.bus.subscription import Subscription
from duologue.errors import DuologueError
from duologue.pipeline.elsewhere import Others
from duologue.store.database import Database
from duologue.wire import bus as parcels
from duologue.wire import live as wire

pytestmark = pytest.mark.redis
TOPIC = one_of("org_1", "conv_1")


async def until(told: Callable[[], bool]) -> None:
    """Waits for what comes by itself."""
    async with asyncio.timeout(30):
        while not told():  # noqa: ASYNC110  # the bell has no event for every moment
            await asyncio.sleep(0.005)


async def heard(subscription: Subscription) -> wire.Event:
    """The next event."""
    event = await subscription.take(30)
    assert event is not None
    return event


@asynccontextmanager
async def two(redis: Redis) -> AsyncIterator[tuple[RedisBell, RedisBell]]:
    """Two processes on one memory."""
    async with process(redis.url) as here, process(redis.url) as there:
        yield here, there


async def obey(order: wire.Order) -> wire.Shown:
    """Does it, and says what was ordered."""
    return msgspec.structs.replace(SHOWN, text=type(order).__name__)


async def test_events_are_heard_in_both_directions_once_and_in_order(redis: Redis) -> None:
    """Each hears its own and the other's, its own not a second time by way of Redis."""
    async with two(redis) as (here, there):
        listening = [here.subscribe(TOPIC), there.subscribe(TOPIC)]
        await until(lambda: TOPIC in here._elsewhere and TOPIC in there._elsewhere)
        for number in range(100):
            here.publish(TOPIC, wire.Doing(f"a{number}"))
        told = [await heard(listening[1]) for _ in range(100)]
        assert told == [wire.Doing(f"a{number}") for number in range(100)]
        there.publish(TOPIC, wire.Doing("b"))
        own = [await heard(listening[0]) for _ in range(101)]
        assert own == [*told, wire.Doing("b")]
        assert await heard(listening[1]) == wire.Doing("b")
        there.publish(TOPIC, wire.Doing("c"))
        assert await heard(listening[0]) == wire.Doing("c")
        assert [len(each._waiting) for each in listening] == [0, 1]


async def test_nobody_watches_until_somebody_does_anywhere_and_after_the_last_left(
    redis: Redis,
) -> None:
    """One who comes is known to all at once, also to a process that begins later."""
    async with two(redis) as (here, there):
        assert not here.watched(TOPIC)
        first, second = there.subscribe(TOPIC), there.subscribe(TOPIC)
        await until(lambda: here.watched(TOPIC))
        assert not here.watched(all_of("org_1"))
        async with process(redis.url) as late:
            await until(lambda: late.watched(TOPIC))
        first.close()
        third = there.subscribe("other")
        await until(lambda: here.watched("other"))
        assert here.watched(TOPIC)
        second.close()
        await until(lambda: not here.watched(TOPIC))
        third.close()


async def test_a_topic_left_and_taken_again_at_once_is_watched(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that is loaded again: nobody waits for the next beat."""
    monkeypatch.setattr(line, "BEAT", 3600.0)
    async with two(redis) as (here, there):
        first = there.subscribe(TOPIC)
        await until(lambda: here.watched(TOPIC))
        first.close()
        again = there.subscribe(TOPIC)
        await there._line.settled()
        await there._line.ask("PING")
        await here._line.ask("PING")
        await until(lambda: here.watched(TOPIC))
        here.publish(TOPIC, wire.Doing("speaking"))
        assert await heard(again) == wire.Doing("speaking")


async def test_who_dies_is_forgotten_after_a_while(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says nothing any more; who lives says so and stays."""
    monkeypatch.setattr(module, "FORGOTTEN", 0.3)
    async with two(redis) as (here, there), process(redis.url) as alive:
        there.subscribe(TOPIC)
        alive.subscribe("other")
        await until(lambda: here.watched(TOPIC) and here.watched("other"))
        await asyncio.sleep(0.5)
        alive.beat()
        await until(lambda: here._others[alive._me][1] > asyncio.get_running_loop().time())
        here.beat()
        assert not here.watched(TOPIC)
        assert here.watched("other")


async def test_an_order_is_obeyed_where_its_conversation_is(redis: Redis) -> None:
    """Here without asking Redis, elsewhere by it; of another organization or memory by nobody."""
    async with two(redis) as (here, there), process(redis.url, "duologue:org_2") as foreign:
        there.attend("org_1", "conv_1", obey)
        here.attend("org_1", "conv_2", obey)
        foreign.attend("org_1", "conv_3", obey)
        for bell in (here, there, foreign):
            await bell._line.settled()
        for bell, name in (
            (here, "conv_1"),
            (there, "conv_1"),
            (here, "conv_2"),
            (there, "conv_2"),
        ):
            assert (await bell.order("org_1", name, wire.Interrupt())).text == "Interrupt"
        for org, name in (("org_2", "conv_1"), ("org_1", "conv_3"), ("org_1", "conv_4")):
            with pytest.raises(Unheard):
                await here.order(org, name, wire.Interrupt())


async def test_nobody_attends_who_was_released_or_whose_process_is_gone(redis: Redis) -> None:
    """Also in the moment in which Redis still has them on its list."""
    async with process(redis.url) as here:
        async with process(redis.url) as there:
            release = there.attend("org_1", "conv_1", obey)
            there.attend("org_1", "conv_2", obey)
            await there._line.settled()
            assert (await here.order("org_1", "conv_1", wire.Look())).text == "Look"
            release()
            with pytest.raises(Unheard):
                await here.order("org_1", "conv_1", wire.Look())
        with pytest.raises(Unheard):
            await here.order("org_1", "conv_2", wire.Look())


async def test_a_process_itself_answers_until_it_is_gone(redis: Redis, tmp_path: Path) -> None:
    """Whatever it runs; one that was never there does not, and without Redis nobody knows."""
    db = await Database.open(f"sqlite:///{tmp_path}/duologue.db")
    async with process(redis.url) as here:
        mine = Others(db, here, "proc_1", lambda: 0)
        async with process(redis.url) as there:
            async with Others(db, there, "proc_2", lambda: 0).answering():
                await there._line.settled()
                assert await mine.answers("proc_2")
                assert not await mine.answers("proc_3")
            assert not await mine.answers("proc_2")
    with pytest.raises(DuologueError) as told:
        await mine.answers("proc_2")
    assert told.value.code == "redis_unreachable"
    await db.close()


async def test_what_an_order_is_refused_with_is_raised_where_it_was_given(redis: Redis) -> None:
    """With the same words; what broke there is known there alone."""

    async def refuse(order: wire.Order) -> wire.Shown:
        match order:
            case wire.Say():
                raise DuologueError("taken_over", who="Ada", conversation="conv_1")
            case wire.End():
                raise DuologueError("agent_failed", agent="desk", reason=OSError("no line"))
        raise RuntimeError("a secret")

    async with two(redis) as (here, there):
        there.attend("org_1", "conv_1", refuse)
        await there._line.settled()
        told = {}
        for order in (wire.Say("Hello."), wire.End("spam"), wire.Interrupt()):
            with pytest.raises(DuologueError) as refusal:
                await here.order("org_1", "conv_1", order)
            told[refusal.value.code] = refusal.value.message
        assert list(told) == ["taken_over", "agent_failed", "internal"]
        assert told["taken_over"].startswith("Ada has taken over conversation 'conv_1'")
        assert "no line" in told["agent_failed"]
        assert "secret" not in told["internal"]


async def test_an_older_process_says_that_it_does_not_know_an_order(redis: Redis) -> None:
    """And a newer one's refusal is one here, whatever it means there."""
    async with two(redis) as (here, there):
        there.attend("org_1", "conv_1", obey)
        await there._line.settled()
        newer = parcels.Ordered(here._me, 99, msgspec.Raw(msgspec.msgpack.encode({"type": "sing"})))
        answers: asyncio.Queue[parcels.Answered | None] = asyncio.Queue()
        here._asked[99] = answers
        channel = here._orders("org_1", "conv_1")
        assert await here._line.ask("PUBLISH", channel, parcels.pack(newer)) == 1
        with pytest.raises(DuologueError) as refusal:
            await module._first(answers, 1)
        assert (refusal.value.code, refusal.value.status) == ("order_unknown", 503)
        answers.put_nowait(parcels.Answered(99, code="too_new", values={"a": 1}))
        with pytest.raises(DuologueError) as refusal:
            await module._first(answers, 1)
        assert refusal.value.code == "internal"
        here._line.say(here._channel(TOPIC), b"\x02from the future")
        here._line.say(here._channel("all"), b"\x01\xff")
        assert (await here.order("org_1", "conv_1", wire.Look())).text == "Look"


async def test_while_a_run_moves_the_one_who_obeys_answers(redis: Redis) -> None:
    """Two processes have its conversation for a moment, and one of them is done with it."""

    async def over(order: wire.Order) -> wire.Shown:
        raise DuologueError("conversation_not_live", conversation="conv_1")

    async with two(redis) as (before, after), process(redis.url) as asking:
        before.attend("org_1", "conv_1", over)
        after.attend("org_1", "conv_1", obey)
        await before._line.settled()
        await after._line.settled()
        for _ in range(20):
            assert (await asking.order("org_1", "conv_1", wire.Look())).text == "Look"


async def test_an_order_that_is_not_answered_in_time_was_given_once(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who gave it is told that it may be done all the same."""
    monkeypatch.setattr(module, "PATIENCE", 2.0)
    obeyed: list[wire.Order] = []

    async def hang(order: wire.Order) -> wire.Shown:
        obeyed.append(order)
        await asyncio.sleep(60)
        return SHOWN

    async with two(redis) as (here, there):
        there.attend("org_1", "conv_1", hang)
        await there._line.settled()
        with pytest.raises(DuologueError, match="may have been done") as refusal:
            await here.order("org_1", "conv_1", wire.Say("Hello."))
        assert (refusal.value.code, refusal.value.status) == ("order_unanswered", 504)
        assert obeyed == [wire.Say("Hello.")]
        assert not here._asked


async def test_what_happens_after_the_first_look_is_heard_without_a_gap(redis: Redis) -> None:
    """A page listens first and looks then: what is told from the look on reaches it."""
    async with two(redis) as (here, there):

        async def look(order: wire.Order) -> wire.Shown:
            there.publish(TOPIC, wire.Doing("speaking"))
            return SHOWN

        there.attend("org_1", "conv_1", look)
        await there._line.settled()
        for _ in range(20):
            with here.subscribe(TOPIC) as subscription:
                await here.order("org_1", "conv_1", wire.Look())
                assert await heard(subscription) == wire.Doing("speaking")


async def test_a_slow_reader_elsewhere_is_told_what_it_lost(redis: Redis) -> None:
    """The newest wait for it."""
    async with two(redis) as (here, there):
        slow = there.subscribe(TOPIC)
        await until(lambda: here.watched(TOPIC))
        for number in range(1000):
            here.publish(TOPIC, wire.Doing(str(number)))
        await until(lambda: bool(slow._waiting) and slow._waiting[-1] == wire.Doing("999"))
        lost = await heard(slow)
        assert isinstance(lost, wire.Lost)
        assert await heard(slow) == wire.Doing(str(lost.events))


async def test_what_does_not_fit_out_is_lost_and_told(redis: Redis) -> None:
    """Faster than the line: who publishes never waits, and who listens knows."""
    async with two(redis) as (here, there):
        listening = there.subscribe(TOPIC)
        await until(lambda: here.watched(TOPIC))
        for number in range(1500):  # in one breath: nothing is sent meanwhile
            here.publish(TOPIC, wire.Doing(str(number)))
        first = await heard(listening)
        assert isinstance(first, wire.Lost)
        await until(lambda: bool(listening._waiting) and len(listening._waiting) == 256)


async def test_redis_gone_and_back(redis: Redis, caplog: pytest.LogCaptureFixture) -> None:
    """Meanwhile what is here works; afterwards everything is as before, and who listens is told."""
    async with two(redis) as (here, there):
        here.attend("org_1", "conv_1", obey)
        there.attend("org_1", "conv_2", obey)
        listening = here.subscribe(TOPIC)
        await until(lambda: there.watched(TOPIC))
        redis.stop()
        await until(lambda: not here.reached and not there.reached)
        assert not there.watched(TOPIC)
        there.publish(TOPIC, wire.Doing("unheard"))
        here.publish(TOPIC, wire.Doing("heard"))
        assert await heard(listening) == wire.Doing("heard")
        assert (await here.order("org_1", "conv_1", wire.Look())).text == "Look"
        with pytest.raises(DuologueError) as refusal:
            await here.order("org_1", "conv_2", wire.Look())
        assert (refusal.value.code, refusal.value.status) == ("redis_unreachable", 503)
        assert refusal.value.values["seconds"] == 2
        late = there.subscribe("late")
        release = there.attend("org_1", "conv_3", obey)
        redis.start()
        await until(lambda: bool(here.reached and there.reached))
        assert await heard(listening) == wire.Lost(0)
        await until(lambda: there.watched(TOPIC) and here.watched("late"))
        there.publish(TOPIC, wire.Doing("again"))
        assert await heard(listening) == wire.Doing("again")
        for bell in (here, there):
            await bell._line.settled()
        for name in ("conv_2", "conv_3"):
            assert (await here.order("org_1", name, wire.Look())).text == "Look"
        assert (await there.order("org_1", "conv_1", wire.Look())).text == "Look"
        release()
        late.close()


async def test_a_redis_that_hangs_is_given_up_and_found_again(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """No line is cut then: it is the missing answer that tells."""
    monkeypatch.setattr(line, "ANSWER", 0.5)
    monkeypatch.setattr(line, "CONNECT", 0.5)
    async with two(redis) as (here, there):
        there.attend("org_1", "conv_1", obey)
        await there._line.settled()
        redis.freeze()
        try:
            with pytest.raises(DuologueError) as refusal:
                await here.order("org_1", "conv_1", wire.Say("Hello."))
            assert refusal.value.code == "order_unanswered"
            await until(lambda: not here.reached)
        finally:
            redis.thaw()
        await until(lambda: bool(here.reached and there.reached))
        await there._line.settled()
        assert (await here.order("org_1", "conv_1", wire.Look())).text == "Look"


async def test_an_order_whose_answer_redis_took_along_is_not_given_again(redis: Redis) -> None:
    """It was obeyed; who gave it hears that nobody knows."""
    obeyed: list[wire.Order] = []

    async with two(redis) as (here, there):

        async def obey_and_lose(order: wire.Order) -> wire.Shown:
            obeyed.append(order)
            redis.stop()
            return SHOWN

        there.attend("org_1", "conv_1", obey_and_lose)
        await there._line.settled()
        with pytest.raises(DuologueError) as refusal:
            await here.order("org_1", "conv_1", wire.Say("Once."))
        assert refusal.value.code == "order_unanswered"
        redis.start()
        await until(lambda: bool(here.reached and there.reached))
        await here._line.settled()
        await there._line.settled()
        assert obeyed == [wire.Say("Once.")]


async def test_a_task_that_forgets_its_cancellation_is_ended_all_the_same() -> None:
    """As the library's sending does in Python 3.11, when it was done in that very moment."""

    async def forgetful() -> None:
        for _ in range(3):
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.sleep(3600)
        await asyncio.sleep(3600)

    async def failing() -> None:
        raise ConnectionError

    tasks = [asyncio.create_task(each()) for each in (forgetful, forgetful, failing)]
    await asyncio.sleep(0)
    async with asyncio.timeout(30):
        await line._ended(*tasks)
    assert [task.cancelled() for task in tasks] == [True, True, False]


async def test_what_begins_without_redis_says_why(redis: Redis) -> None:
    """No password of an address is told."""
    for url, code, words in (
        ("http://127.0.0.1:1", "setting_invalid", "redis://"),
        ("redis://:geheim@127.0.0.1:1/0", "redis_unreachable", "127.0.0.1:1"),
        (redis.url.replace("redis://", "redis://:geheim@"), "setting_invalid", "refuses"),
    ):
        with pytest.raises(DuologueError) as refusal:
            async with process(url):
                pass
        assert refusal.value.code == code
        assert words in refusal.value.message
        assert "geheim" not in refusal.value.message


async def test_closing_a_bell_ends_what_listens_and_leaves_nothing(redis: Redis) -> None:
    """Also while an order is obeyed; the runner sees that no task is left."""
    begun = asyncio.Event()

    async def hang(order: wire.Order) -> wire.Shown:
        begun.set()
        await asyncio.sleep(60)
        return SHOWN

    async with process(redis.url) as here:
        async with process(redis.url) as there:
            there.attend("org_1", "conv_1", hang)
            await there._line.settled()
            subscription = there.subscribe(TOPIC)
            asking = asyncio.create_task(here.order("org_1", "conv_1", wire.Look()))
            await begun.wait()
        assert subscription.closed
        asking.cancel()
        await asyncio.wait([asking])
        assert not here._asked


async def test_a_line_that_was_never_opened_is_closed_without_a_word() -> None:
    """Nothing was acquired."""
    unopened = line.Line("redis://127.0.0.1:1")
    await unopened.close()
    assert not unopened.up
