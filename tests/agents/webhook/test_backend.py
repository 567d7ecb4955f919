"""A back end is asked as Layercode's are, within limits, and what goes wrong has words."""

from __future__ import annotations

import asyncio
from contextlib import aclosing
from typing import Any

import pytest
from structlog.testing import capture_logs
from tests.agents.webhook.theirs import Answering, Handler, Theirs, silent
from tests.trace.receiver import until

from duologue.access import webhooks
from duologue.agents.webhook import backend as module
from duologue.agents.webhook.backend import Backend, WebhookFailed
from duologue.agents.webhook.options import Webhook
from duologue.errors import DuologueError
from duologue.wire import webhooks as wire

MASTER = "the master secret of a test"
NOTHING_HEARD = wire.InterruptionContext(
    previous_turn_interrupted=False, words_heard=0, text_heard=""
)


def message(text: str = "Hi") -> wire.Message:
    """What a user said."""
    return wire.Message(
        event_id="evt_1",
        session_id="sess_1",
        conversation_id="conv_1",
        text=text,
        turn_id="turn_1",
        interruption_context=NOTHING_HEARD,
    )


class Asked:
    """One back end and what came back of it."""

    def __init__(self, url: str, **given: Any) -> None:
        limits = {
            name: given.pop(name) for name in list(given) if name in Webhook.__struct_fields__
        }
        chosen: dict[str, Any] = {"private": True, "environment": {}} | given
        self.backend = Backend("desk", Webhook(url=url, **limits), **chosen)
        self.trouble: list[str] = []

    async def words(self, headers: dict[str, str] | None = None, *, answers: bool = True) -> str:
        """What it says to one message."""
        said = ""
        try:
            asked = self.backend.ask(message(), headers or {}, self.trouble.append, answers=answers)
            async for one in asked:
                said += one.content if isinstance(one, wire.Tts) else ""
        finally:
            await self.backend.aclose(within=30.0)
        return said


async def said(handler: Handler, **given: Any) -> tuple[str, list[str]]:
    """What is said by a handler, and what was noted of it."""
    async with Theirs(message=handler) as theirs:
        asked = Asked(theirs.url, **given)
        return await asked.words(), asked.trouble


async def test_an_answer_comes_in_pieces_and_the_request_is_signed() -> None:
    """Our headers win over the owner's, and these over the session's; none can be forged."""

    async def answer(answering: Answering) -> None:
        answering.tts("Hello ")
        answering.data({"a": 1})
        answering.tts("you.")
        answering.end()

    async with Theirs(message=answer) as theirs:
        asked = Asked(theirs.url, master=MASTER, headers={"x-tenant": "ours"})
        forged = {"X-Tenant": "theirs", "x-user": "7", "layercode-signature": "t=1,v1=00"}
        assert await asked.words(forged) == "Hello you."
        [request] = [each.request for each in theirs.asked]
        secret = webhooks.secret_of(MASTER, "desk")
        assert secret is not None
        assert theirs.is_signed(theirs.asked[0], secret)
        assert not theirs.is_signed(theirs.asked[0], "another")
    sent = request.headers
    assert (sent["x-tenant"], sent["x-user"]) == ("ours", "7")
    assert (sent["content-type"], sent["accept"]) == ("application/json", "text/event-stream")
    assert asked.trouble == []


async def test_the_owners_secret_signs_before_the_servers() -> None:
    """And without either nothing is signed."""
    async with Theirs() as theirs:
        own = {"secret": "env:DESK", "environment": {"DESK": "own secret"}}
        await Asked(theirs.url, master=MASTER, **own).words()
        await Asked(theirs.url).words()
        assert theirs.is_signed(theirs.asked[0], "own secret")
        assert "layercode-signature" not in theirs.asked[1].request.headers


async def test_leaving_aborts_the_request() -> None:
    """It is the only way in which a back end learns of an interruption."""

    async def endless(answering: Answering) -> None:
        answering.tts("One.")

    async with Theirs(message=endless) as theirs:
        asked = Asked(theirs.url)
        async with aclosing(asked.backend.ask(message(), {}, asked.trouble.append)) as answers:
            assert await anext(answers) == wire.Tts("One.", "turn_1")
            assert not theirs.asked[0].aborted.is_set()
        await theirs.asked[0].aborted.wait()
        await asked.backend.aclose()


async def test_a_handler_that_ends_is_not_aborted() -> None:
    """After its last word it may still do something, and nobody waits for that."""
    done = asyncio.Event()

    async def slow(answering: Answering) -> None:
        answering.tts("Bye.")
        answering.send({"type": "response.end"})
        await asyncio.sleep(0.5)
        assert not answering.aborted.is_set()
        done.set()
        answering.close()

    words, trouble = await said(slow)
    assert (words, trouble, done.is_set()) == ("Bye.", [], True)


async def test_an_answer_that_is_never_ended_is_cut() -> None:
    """What came is the answer; that it was cut is noted, and is no failure."""

    async def forgets(answering: Answering) -> None:
        answering.tts("That is all.")

    words, trouble = await said(forgets, silence=0.2)
    assert (words, trouble) == ("That is all.", ["its answer was not ended after 0.2 s"])


async def test_an_answer_that_goes_on_for_ever_is_cut() -> None:
    """Though it is never silent for long; a comment is a sign of life, and no word."""

    async def babbles(answering: Answering) -> None:
        answering.tts("La.")
        while not answering.aborted.is_set():
            answering.raw(b": still there\n\n")
            await asyncio.sleep(0.05)
        answering.ended = True

    words, trouble = await said(babbles, silence=0.5, whole=1.0)
    assert (words, trouble) == ("La.", ["its answer went on for 1 s"])


async def test_garbage_between_good_lines_is_passed_over() -> None:
    """It is noted once."""

    async def mixed(answering: Answering) -> None:
        answering.raw(b"data: {nonsense\n\ndata: [DONE]\n\n\xff\xfe\n")
        answering.tts("Fine.")
        answering.end()

    words, trouble = await said(mixed)
    assert words == "Fine."
    assert len(trouble) == 1
    assert "garbage: '{nonsense' is none of response.tts" in trouble[0]


async def status(answering: Answering) -> None:
    """Fails as servers do."""
    answering.begin(500, "text/html")
    answering.close()


async def moved(answering: Answering) -> None:
    """Points elsewhere, where nobody looks."""
    answering.begin(302, "text/html", Location="http://127.0.0.1:1/")
    answering.close()


async def page(answering: Answering) -> None:
    """Answers with a page."""
    answering.begin(kind="text/html; charset=utf-8")
    answering.close()


async def packed(answering: Answering) -> None:
    """Packs what may not be packed."""
    answering.begin(Content_Encoding="gzip")
    answering.close()


async def throws(answering: Answering) -> None:
    """Throws as a handler of Layercode's SDK does: half said, and then no end."""
    answering.tts("Well, ")
    answering.send({"type": "response.error", "error": "database is down"})
    answering.close()


async def garbage(answering: Answering) -> None:
    """Says nothing that can be understood."""
    answering.raw(b"data: what?\n\n")
    answering.close()


async def cut(answering: Answering) -> None:
    """Breaks off in the middle."""
    answering.tts("I was about to ")
    await asyncio.sleep(0.1)
    answering.cut()


async def large(answering: Answering) -> None:
    """Says too much."""
    answering.raw((b": " + b"x" * 1000 + b"\n") * 2000)
    answering.close()


async def endless_line(answering: Answering) -> None:
    """Says it in one line."""
    answering.raw(b"data: " + b"x" * 100_000)
    answering.close()


async def dead(answering: Answering) -> None:
    """Takes a request and never answers."""


async def mute(answering: Answering) -> None:
    """Answers, and never says anything."""
    answering.raw(b": one moment\n\n")


@pytest.mark.parametrize(
    ("handler", "reason"),
    [
        (status, "it answered HTTP 500"),
        (moved, "it answered HTTP 302"),
        (page, "it answered text/html; charset=utf-8, not text/event-stream"),
        (packed, r"its answer is packed \(gzip\)"),
        (throws, "its handler failed: database is down"),
        (garbage, "its answer is garbage: 'what\\?' is none of"),
        (cut, "the answer broke off"),
        (large, "its answer is larger than 1048576 bytes"),
        (endless_line, "its answer is no stream of events: a line is longer than 65536"),
        (dead, r"it did not answer within 0\.3 s"),
        (mute, r"it said nothing within 0\.2 s"),
    ],
    ids=lambda given: getattr(given, "__name__", ""),
)
async def test_each_fault_has_words(handler: Handler, reason: str) -> None:
    """For the record and the trace; callers hear that something went wrong."""
    with pytest.raises(WebhookFailed, match=reason):
        await said(handler, first=0.3 if handler is dead else 15.0, silence=0.2)


async def test_a_back_end_that_is_not_there() -> None:
    """Or that stands where nothing may be sent, which is looked up for every request."""
    async with Theirs() as theirs:
        pass
    with pytest.raises(WebhookFailed, match="ConnectError"):
        await Asked(theirs.url).words()
    with pytest.raises(DuologueError, match="not a public address"):
        Asked("https://127.0.0.1/", private=False)

    async def inside(host: str, port: int) -> list[str]:
        return ["10.0.0.7"]

    with pytest.raises(WebhookFailed, match=r"'hooks\.example' is at 10\.0\.0\.7"):
        await Asked("https://hooks.example/", private=False, resolver=inside).words()


async def test_who_needs_no_words_may_get_anything() -> None:
    """An OK that is no stream says nothing; an error is one all the same."""
    async with Theirs(message=page) as theirs:
        assert await Asked(theirs.url).words(answers=False) == ""
    async with Theirs(message=status) as theirs:
        with pytest.raises(WebhookFailed, match="HTTP 500"):
            await Asked(theirs.url).words(answers=False)


async def test_what_needs_no_answer_is_sent_until_it_is_taken() -> None:
    """With the same id and body each time, and a fresh signature; then never again."""
    tries: list[Answering] = []

    async def at_last(answering: Answering) -> None:
        tries.append(answering)
        await (status if len(tries) < 3 else silent)(answering)

    async with Theirs(message=at_last) as theirs:
        asked = Asked(theirs.url, master=MASTER, pauses=(0.01, 0.01, 0.01))
        asked.backend.tell(message(), {})
        await asked.backend.aclose(within=30.0)
        secret = webhooks.secret_of(MASTER, "desk")
        assert secret is not None
        assert all(theirs.is_signed(each, secret) for each in tries)
    assert [each.event["event_id"] for each in tries] == ["evt_1"] * 3
    assert len({each.request.body for each in tries}) == 1


async def test_it_is_given_up_at_last() -> None:
    """After the last pause; a server that goes away waits no longer than it may."""
    async with Theirs(message=status) as theirs:
        asked = Asked(theirs.url, pauses=(0.01,))
        asked.backend.tell(message(), {})
        await until(lambda: len(theirs.asked) == 2)
        await asked.backend.aclose(within=30.0)
        patient = Asked(theirs.url, pauses=(200.0,))
        patient.backend.tell(message(), {})
        await until(lambda: len(theirs.asked) == 3)
        await patient.backend.aclose()
        assert len(theirs.asked) == 3


async def test_an_event_that_was_taken_is_not_sent_again() -> None:
    """A handler that never closes its stream has it all the same, and is let go after a time."""

    async def never_closes(answering: Answering) -> None:
        answering.begin()

    async with Theirs(message=never_closes) as theirs:
        asked = Asked(theirs.url, whole=0.3, pauses=(0.01, 0.01))
        with capture_logs() as logs:
            asked.backend.tell(message(), {})
            await asked.backend.aclose(within=30.0)
        await theirs.asked[0].aborted.wait()
        assert len(theirs.asked) == 1
        assert [each for each in logs if each["log_level"] == "warning"] == []


async def test_a_back_end_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    """After a time for all tries together, however many there would still be."""
    monkeypatch.setattr(module, "LONGEST", 0.5)
    async with Theirs(message=dead) as theirs:
        asked = Asked(theirs.url, whole=0.4, pauses=(0.01,) * 100)
        with capture_logs() as logs:
            asked.backend.tell(message(), {})
            await asked.backend.aclose(within=30.0)
        assert 1 <= len(theirs.asked) <= 3
    [given_up] = [each for each in logs if each["event"] == "webhook given up"]
    assert given_up["why"].startswith("no answer within 0.")


async def test_so_many_wait_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """What comes beyond that is given up at once; those that were taken wait no more."""
    monkeypatch.setattr(module, "WAITING", 2)
    async with Theirs(message=status) as theirs:
        asked = Asked(theirs.url, pauses=(200.0,))
        with capture_logs() as logs:
            for _ in range(3):
                asked.backend.tell(message(), {})
            assert [each["why"] for each in logs] == ["2 others wait"]
            await until(lambda: len(theirs.asked) == 2)
            await asked.backend.aclose()
        assert [each["why"] for each in logs[1:]] == ["the server goes away"] * 2
        ready = Asked(theirs.url)
        theirs.takes["message"] = silent
        for _ in range(3):
            ready.backend.tell(message(), {})
            await until(lambda: not ready.backend._tasks)
        await ready.backend.aclose()
        assert len(theirs.asked) == 5


def test_no_two_pauses_are_the_same() -> None:
    """Each is a fifth longer or shorter at most."""
    pauses = [module.jittered(10.0) for _ in range(200)]
    assert len(set(pauses)) > 100
    assert 8.0 <= min(pauses) < 9.0 < 11.0 < max(pauses) <= 12.0


async def test_an_event_is_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A handler that saves the transcript is not aborted by a reader that is in a hurry."""
    monkeypatch.setattr(module, "MOST", 100)
    saved = asyncio.Event()

    async def saves(answering: Answering) -> None:
        answering.raw(b": saving\n\n")
        await asyncio.sleep(0.3)
        assert not answering.aborted.is_set()
        saved.set()
        answering.raw(b":" * 200)
        answering.end()

    async with Theirs(message=saves) as theirs:
        asked = Asked(theirs.url)
        asked.backend.tell(message(), {})
        await asked.backend.aclose(within=30.0)
    assert saved.is_set()
