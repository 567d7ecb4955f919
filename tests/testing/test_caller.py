"""The synthetic caller, against a line that follows a script."""

import base64
from typing import Any

import pytest
from tests.testing.scripted import Line, ScriptedServer

from duologue.testing.caller import SyntheticCaller
from duologue.testing.line import Refused
from duologue.testing.own import CAPABILITIES
from duologue.testing.speech import tone
from duologue.testing.stock import FRAME


async def nothing(line: Line) -> None:
    """Says nothing at all."""


def caller(
    server: ScriptedServer, key: str = "good", *, stock_lies: bool = True
) -> SyntheticCaller:
    """A caller of this server."""
    return SyntheticCaller(server.url, agent="demo", key=key, stock_lies=stock_lies)


async def greet(line: Line) -> None:
    """One answer of 4000 samples, and its end when the caller has played it."""
    await line.until("client.ready")
    await line.speak("t1", "Good evening.", 4000)
    await line.until("trigger.response.audio.replay_finished")
    await line.send("turn.end", "t1", role="assistant")


async def test_an_answer_is_played_to_its_last_whole_block() -> None:
    """A turn's words and sound arrive, are played at 16 kHz, and its end is told once."""
    async with ScriptedServer(greet) as server, caller(server) as on_line:
        answer = await on_line.answer()
        assert (answer.text, answer.received) == ("Good evening.", 4000)
        assert answer.played == 4000 - 4000 % 128
        assert not answer.interrupted
        finished = server.lines[0].of("trigger.response.audio.replay_finished")
        assert finished == [
            {"type": "trigger.response.audio.replay_finished", "reason": "completed"}
        ]
    assert server.asked == [{"agent_id": "demo", "metadata": {}, "sdk_version": "2.7.0"}]
    assert server.lines[0].heard[0] == {"type": "client.ready"}


async def test_speech_leaves_in_frames_of_112_ms() -> None:
    """Words become messages of 896 samples at 8 kHz, with silence before and after them."""
    async with ScriptedServer(nothing) as server, caller(server) as on_line:
        await on_line.say(tone(0.5))
        await server.lines[0].until("client.audio", len(server.lines[0].of("client.audio")) + 2)
        frames = [
            base64.b64decode(frame["content"]) for frame in server.lines[0].of("client.audio")
        ]
    assert {len(frame) for frame in frames} == {FRAME * 2}
    loud = [index for index, frame in enumerate(frames) if any(frame)]
    assert len(loud) == -(-4000 // FRAME)
    assert loud == list(range(loud[0], loud[-1] + 1))


async def interrupted(line: Line) -> None:
    """An answer that the server cuts, sends late sound for, and follows by another."""
    await line.until("client.ready")
    await line.speak("t1", "One, two, three.", 160_000)
    await line.until("client.response.data")
    await line.send("turn.start", "user-1", role="user")
    await line.sound("t1", 1600)
    await line.send("turn.end", "user-1", role="user")
    await line.until("trigger.response.audio.replay_finished")
    await line.send("turn.end", "t1", role="assistant")
    await line.speak("t2", "Yes?", 1600)
    await line.until("trigger.response.audio.replay_finished", 2)
    await line.send("turn.end", "t2", role="assistant")


@pytest.mark.parametrize("stock_lies", [True, False])
async def test_a_user_turn_stops_the_sound(stock_lies: bool) -> None:
    """What was not played before the interruption never is, and replay_finished lies or not."""
    async with (
        ScriptedServer(interrupted) as server,
        caller(server, stock_lies=stock_lies) as on_line,
    ):
        first = await on_line.answering()
        await on_line.hears(first, 3200)
        await on_line.send({"now": True})
        second = await on_line.answer()
        assert first.interrupted
        assert 3200 <= first.played < first.received == 161_600
        assert on_line.player.dropped["t1"] + first.played == 161_600
        assert (second.turn_id, second.played) == ("t2", 1536)
        assert first.sounded_until <= second.started_at
        lie = server.lines[0].of("trigger.response.audio.replay_finished")[0]
    truth = {"reason": "interrupted", "turn_id": "t1"}
    told = {"reason": "completed"} if stock_lies else truth
    assert lie == {"type": "trigger.response.audio.replay_finished", **told}


async def test_a_button_holds_the_microphone() -> None:
    """With push-to-talk, sound leaves only between the two triggers."""
    async with (
        ScriptedServer(nothing, trigger="push_to_talk") as server,
        caller(server) as on_line,
    ):
        await on_line.say(tone(0.3))
        await on_line.send("over")
        await server.lines[0].until("client.response.data")
        kinds = [message["type"] for message in server.lines[0].heard]
    assert kinds[:2] == ["client.ready", "trigger.turn.start"]
    assert kinds[-2:] == ["trigger.turn.end", "client.response.data"]
    assert set(kinds[2:-2]) == {"client.audio"}


async def test_typing_falls_silent_first() -> None:
    """The stock SDK's replay_finished comes before the typed text that caused it."""
    async with ScriptedServer(interrupted) as server, caller(server) as on_line:
        await on_line.hears(await on_line.answering(), 128)
        await on_line.type("Stop.")
        await server.lines[0].until("client.response.text")
        kinds = [m["type"] for m in server.lines[0].heard if m["type"] != "client.audio"]
        await on_line.send({"now": True})
        await server.lines[0].until("client.response.data")
    assert kinds == [
        "client.ready",
        "trigger.response.audio.replay_finished",
        "client.response.text",
    ]


@pytest.mark.parametrize("how", ["drop", "leave"])
async def test_a_caller_comes_back_to_its_conversation(how: str) -> None:
    """After a cut or a goodbye, reconnecting asks for the same conversation with a new key."""
    async with ScriptedServer(nothing) as server, caller(server) as on_line:
        await getattr(on_line, how)()
        await server.lines[0].until("gone")
        assert (server.lines[0].of("gone")[0]["code"] == 1000) is (how == "leave")
        await on_line.reconnect()
        assert server.asked[1]["conversation_id"] == "conv1"
        assert len(server.lines) == 2
        assert [event.content for event in on_line.record.of_type("connected")] == ["conv1"] * 2


async def test_a_refusal_says_why() -> None:
    """A key that opens nothing is refused with the server's status, code and words."""
    async with ScriptedServer(nothing) as server:
        with pytest.raises(Refused, match="Who are you") as refused:
            await caller(server, "bad").connect()
    assert (refused.value.status, refused.value.code) == (401, "key_unknown")


async def test_an_old_key_is_refused_at_the_socket() -> None:
    """The answer of a refused upgrade is read as well."""
    async with ScriptedServer(nothing) as server, caller(server) as on_line:
        await on_line.drop()
        server.asked.append({})  # somebody else authorized meanwhile
        with pytest.raises(Refused) as refused:
            await on_line.reconnect(same_key=True)
    assert (refused.value.status, refused.value.code) == (401, "session_key_unknown")


async def hang_up(line: Line) -> None:
    """Closes at once with a code of its own."""
    await line.until("client.ready")
    await line.close(4002)


async def test_a_close_by_the_server_is_heard() -> None:
    """The close code reaches the caller, and what it says afterwards goes nowhere."""
    async with ScriptedServer(hang_up) as server, caller(server) as on_line:
        assert await on_line.closed() == 4002
        await on_line.type("Hello?")
        assert on_line.record.events[-1].type == "closed"


async def test_waiting_in_vain_says_what_was_heard_instead() -> None:
    """A caller that waits too long fails with its last events."""
    async with ScriptedServer(greet) as server, caller(server) as on_line:
        await on_line.answer()
        with pytest.raises(AssertionError, match=r"waited 0.1 s for an answer(?s:.)*turn.end"):
            await on_line.answer(patience=0.1)


def own(server: ScriptedServer, **fields: Any) -> SyntheticCaller:
    """A caller with our own client."""
    return SyntheticCaller(server.url, agent="demo", key="good", client="own", **fields)


async def test_our_own_client_asks_for_every_extension() -> None:
    """The key is a subprotocol, sound is binary both ways, and every sample is played."""
    async with ScriptedServer(greet) as server, own(server) as on_line:
        answer = await on_line.answer()
        assert (answer.received, answer.played) == (4000, 4000)
        finished = server.lines[0].of("trigger.response.audio.replay_finished")
        await server.lines[0].until("sound", 3)
    assert [message["reason"] for message in finished] == ["completed"]
    assert finished[0]["turn_id"] == "t1"
    assert finished[0]["played_ms"] == 250
    assert {len(message["pcm"]) for message in server.lines[0].of("sound")} == {1280}
    assert server.asked[0]["capabilities"] == CAPABILITIES
    assert server.lines[0].heard[-2:] == [{"type": "client.end"}, {"type": "gone", "code": 1000}]


async def test_our_own_client_tells_what_was_heard_of_an_interrupted_turn() -> None:
    """The words about the end of a turn carry the position at which it was cut."""
    async with ScriptedServer(interrupted) as server, own(server) as on_line:
        first = await on_line.answering()
        await on_line.hears(first, 3200)
        await on_line.send({"now": True})
        second = await on_line.answer()
        finished = server.lines[0].of("trigger.response.audio.replay_finished")
    assert first.played < first.received
    assert [message["reason"] for message in finished] == ["interrupted", "completed"]
    assert [message["played_ms"] * 16 for message in finished] == [first.played, second.played]


@pytest.mark.parametrize("how", ["drop", "reload"])
async def test_our_own_client_comes_back_by_its_newest_token(how: str) -> None:
    """Each return uses the token of the one before; only a drop is followed by the position."""
    async with ScriptedServer(greet) as server, own(server) as on_line:
        first = await on_line.answering()
        await on_line.hears(first, 160)
        await getattr(on_line, how)()
        code = (await server.lines[0].until("gone"))["code"]
        heard, last = first.played, server.lines[0].of("client.played")
        await on_line.reconnect()
        await server.lines[1].until("client.ready")
        await on_line.leave()
        await on_line.reconnect()
    assert [one.get("resume_token") for one in server.asked] == [None, "conv1.", "conv1.."]
    assert on_line.conversation_id == "conv1"
    told = {"type": "client.played", "turn_id": "t1", "played_ms": heard / 16}
    if how == "drop":
        assert code != 1001
        assert server.lines[1].heard[:2] == [told, {"type": "client.ready"}]
    else:
        assert code == 1001
        assert last[-1] == told
        assert server.lines[1].heard[0] == {"type": "client.ready"}


async def recall(line: Line) -> None:
    """Tells what was said before, twice."""
    await line.until("client.ready")
    for words in ("Hello.", "Goodbye."):
        said = {"role": "user", "turn_id": "t1", "content": words}
        await line.send("conversation.history", messages=[said])


async def test_the_newest_history_is_kept() -> None:
    """Before it is told there is none; the last that was told replaces those before."""
    async with ScriptedServer(recall) as server, own(server) as on_line:
        assert on_line.history == []
        await on_line.until(lambda: len(on_line.record.events) == 3, "both histories")
        assert [said["content"] for said in on_line.history] == ["Goodbye."]


async def test_only_our_own_client_has_a_button_that_interrupts() -> None:
    """The button silences the caller's own loudspeaker; the stock SDK has none."""
    async with ScriptedServer(greet) as server:
        async with own(server) as on_line:
            first = await on_line.answering()
            await on_line.hears(first, 160)
            await on_line.interrupt()
            await server.lines[0].until("client.interrupt")
            assert first.interrupted
        async with caller(server) as stock:
            with pytest.raises(RuntimeError, match="use client='own'"):
                await stock.interrupt()


async def test_a_server_that_ignores_our_subprotocol_is_refused() -> None:
    """A browser would hang up, so the caller does."""
    async with ScriptedServer(nothing, agrees=False) as server:
        with pytest.raises(Refused, match="agreed to None"):
            await own(server).connect()
