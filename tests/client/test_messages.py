"""The list of what was said and written."""

from __future__ import annotations

import asyncio
from dataclasses import asdict
from typing import Any

import pytest

from duologue.client.messages import Message, Messages
from duologue.client.road import ChatReceived, Delivery, TranscriptChanged
from duologue.client.signals import Changes
from duologue.client.tasks import Tasks


class Desk:
    """A list with somebody who sends for it."""

    def __init__(self) -> None:
        self.over = False
        self.changes = Changes()
        self.sending = asyncio.Event()
        self.sending.set()
        self.fails: Exception | None = None
        self.messages = Messages(self.changes, Tasks(), send=self._send, over=lambda: self.over)
        self.told: list[Message] = []
        self.messages.on("message", self.told.append)

    async def _send(self, text: str, attachments: Any, attributes: Any) -> Any:
        await self.sending.wait()
        if self.fails is not None:
            raise self.fails
        return Delivery("c1", 7), list(attachments)

    def said(self, segment: str, role: Any, text: str, **given: Any) -> None:
        """Somebody's words are known so far."""
        given = {"final": True, "at": 10, **given}
        self.messages.transcript(TranscriptChanged(segment, role, text, **given))

    @property
    def texts(self) -> list[tuple[str, str]]:
        """Who said what, in the order of the list."""
        return [(each.role, each.text) for each in self.messages]


async def test_a_segment_is_one_message_however_often_it_changes() -> None:
    """The id and the time stay, the text is the newest."""
    desk = Desk()
    desk.said("S1", "user", "hel", final=False)
    desk.said("S1", "user", "hello", final=False, at=99)
    desk.said("S1", "user", "hello there", at=100)
    assert [(m.id, m.text, m.final, m.at) for m in desk.messages] == [
        ("S1", "hello there", True, 10)
    ]
    assert [m.text for m in desk.told] == ["hel", "hello", "hello there"]
    assert desk.messages[0].kind == "user_transcript"


async def test_what_is_final_stays() -> None:
    """An interim text that comes late changes nothing."""
    desk = Desk()
    desk.said("S1", "user", "hello there")
    desk.said("S1", "user", "hel", final=False)
    assert desk.texts == [("user", "hello there")]
    assert len(desk.told) == 1


async def test_messages_stand_in_the_order_in_which_they_began() -> None:
    """Whatever ends first, the list is that of first words."""
    desk = Desk()
    desk.said("S1", "user", "wh", final=False)
    desk.said("S2", "agent", "Because", final=False)
    desk.messages.chat(ChatReceived("C1", "agent", "see http://x", 3))
    desk.said("S1", "user", "why")
    desk.said("S2", "agent", "Because.")
    assert desk.texts == [("user", "why"), ("agent", "Because."), ("agent", "see http://x")]
    assert [m.kind for m in desk.messages] == ["user_transcript", "agent_transcript", "chat"]


async def test_a_user_and_an_agent_may_use_one_id() -> None:
    """Who said it is a part of what a message is known by."""
    desk = Desk()
    desk.said("T1", "user", "hello")
    desk.said("T1", "agent", "Good morning")
    assert desk.texts == [("user", "hello"), ("agent", "Good morning")]


async def test_an_answer_that_was_cut_says_so() -> None:
    """By the agent's own word, or because we cut it."""
    desk = Desk()
    desk.said("S1", "agent", "Well", interrupted=True)
    desk.said("S2", "agent", "As I", final=False)
    desk.messages.interrupt()
    desk.said("S2", "agent", "As I was")
    assert [m.interrupted for m in desk.messages] == [True, True]


async def test_words_that_were_none_are_taken_back() -> None:
    """A final text without words removes what seemed to be said, and adds nothing."""
    desk = Desk()
    desk.said("S1", "user", "uh", final=False)
    desk.said("S1", "user", "")
    desk.said("S2", "user", " ")
    assert desk.texts == []
    assert [m.text for m in desk.told] == ["uh", ""]


async def test_sending_gives_the_message_that_was_sent() -> None:
    """It is in the list when `send` returns, and `is_sending` says what goes on before."""
    desk = Desk()
    changes: list[bool] = []
    desk.messages.on("sending", changes.append)
    desk.sending.clear()
    task = asyncio.create_task(desk.messages.send("hi", attributes={"a": "b"}))
    await asyncio.sleep(0)
    assert desk.messages.is_sending
    desk.sending.set()
    message = await task
    assert not desk.messages.is_sending
    assert changes == [True, False]
    assert message == Message("c1", "chat", "user", "hi", at=7, attributes={"a": "b"})
    assert list(desk.messages) == [message]


async def test_what_could_not_be_sent_is_not_in_the_list() -> None:
    """The error is the sender's, and nothing is on its way any more."""
    desk = Desk()
    desk.fails = RuntimeError("no line")
    with pytest.raises(RuntimeError, match="no line"):
        await desk.messages.send("hi")
    assert not desk.messages.is_sending
    assert len(desk.messages) == 0


async def test_a_stream_gives_each_message_once_it_is_final() -> None:
    """Those that are there come first, and the end of the session is the end of the stream."""
    desk = Desk()
    desk.said("S1", "agent", "Good morning")
    got: list[str] = []

    async def read() -> None:
        async for message in desk.messages.stream():
            got.append(message.text)  # noqa: PERF401  # seen one by one

    reader = asyncio.create_task(read())
    await asyncio.sleep(0)
    desk.said("S2", "user", "hel", final=False)
    await asyncio.sleep(0.01)
    desk.said("S2", "user", "hello")
    await asyncio.sleep(0.01)
    desk.said("S3", "agent", "How are you?")
    desk.over = True
    desk.changes.notify()
    await asyncio.wait_for(reader, 10)
    assert got == ["Good morning", "hello", "How are you?"]


async def test_a_stream_with_interim_texts_gives_the_newest() -> None:
    """A slow reader misses steps, never the last word."""
    desk = Desk()
    stream = desk.messages.stream(interim=True)
    desk.said("S1", "user", "h", final=False)
    desk.said("S1", "user", "he", final=False)
    assert (await anext(stream)).text == "he"
    desk.said("S1", "user", "hello")
    assert (await anext(stream)).text == "hello"
    desk.over = True
    assert [each async for each in stream] == []


async def test_kept_messages_come_back_before_the_new_ones() -> None:
    """`restore` takes messages or their dictionaries, and what is here already stays newer."""
    desk = Desk()
    desk.said("S3", "agent", "Welcome back")
    old = Message("S1", "user_transcript", "user", "hello", at=1)
    kept = {**asdict(Message("S2", "agent_transcript", "agent", "Hi")), "unknown": 1}
    desk.messages.restore([old, kept])
    assert desk.texts == [("user", "hello"), ("agent", "Hi"), ("agent", "Welcome back")]
    desk.messages.clear()
    assert len(desk.messages) == 0


async def test_the_servers_history_stands_where_it_was_said() -> None:
    """What came before stands before, and what we have already is not said twice."""
    desk = Desk()
    desk.messages.chat(ChatReceived("C1", "user", "hello", 100_000))
    desk.said("S9", "agent", "Where were we?", at=400_000)
    desk.said("SG_1", "agent", "Good morning", at=50_000, past=True)
    desk.said("SG_2", "user", "hello", at=100_500, past=True)
    desk.said("SG_3", "agent", "Hi", at=200_000, past=True)
    assert desk.texts == [
        ("agent", "Good morning"),
        ("user", "hello"),
        ("agent", "Hi"),
        ("agent", "Where were we?"),
    ]
    assert [m.past for m in desk.messages] == [True, False, True, False]


async def test_a_list_is_a_sequence() -> None:
    """It can be counted, sliced and read backwards."""
    desk = Desk()
    for number in range(3):
        desk.said(f"S{number}", "agent", str(number))
    assert [m.text for m in desk.messages[1:]] == ["1", "2"]
    assert desk.messages[-1].text == "2"
    assert len(desk.messages) == 3
