"""A start over the WebSocket that the server refuses is told why, as in a room."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.serving import House

from duologue import Session, TokenSource
from duologue.client.errors import SessionConnectError, SessionError, TokenSourceError
from duologue.client.socket import SocketRoad

JOINS = "Agent did not join the room."
AGENTS = """
from livekit.agents import Agent

import duologue
from duologue.testing.models import RulerTTS, ScriptedAnswers


@duologue.agent("broken", tts=RulerTTS, llm=lambda: ScriptedAnswers())
def broken():
    raise RuntimeError("no paint")


@duologue.agent("single", tabs="reject", tts=RulerTTS, llm=lambda: ScriptedAnswers())
def single():
    return Agent(instructions="Talk to one.")


@duologue.agent("roomy", transports=("livekit",), tts=RulerTTS, llm=lambda: ScriptedAnswers())
def roomy():
    return Agent(instructions="Be in rooms.")


class Closing(Agent):
    def __init__(self):
        super().__init__(instructions="Close.")
        duologue.current().on_data(self.told)

    async def told(self, data):
        duologue.current().end("closing time")


@duologue.agent("closing", tts=RulerTTS, llm=lambda: ScriptedAnswers())
def closing():
    return Closing()
"""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server whose agents are hard to reach."""
    folder = tmp_path_factory.mktemp("refusing")
    file = folder / "agents.py"
    file.write_text(AGENTS)
    with House(folder / "data", file, mode="dev") as running:
        yield running


def session(house: House, agent: str, **given: str) -> Session:
    """A session with one of them."""
    source = TokenSource.duologue(house.url)
    return Session(source, agent_name=agent, transport="websocket", **given)  # type: ignore[arg-type]  # only words are given


async def refused(talk: Session, code: str, words: str) -> SessionError:
    """The error of a start, in which and in the agent's reasons the server's words stand."""
    with pytest.raises(SessionError) as error:
        await talk.start(timeout=60)
    assert error.value.code == code
    assert words in error.value.message
    assert talk.agent.state == "failed"
    assert talk.agent.failure_reasons == (JOINS, f"{error.value} ({code})")
    await talk.end()
    return error.value


async def test_an_agent_that_cannot_start_says_so(house: House) -> None:
    """The socket is refused with the server's sentence."""
    words = "Agent 'broken' could not start: RuntimeError"
    error = await refused(session(house, "broken"), "agent_failed", words)
    assert isinstance(error, SessionConnectError)


@pytest.mark.parametrize(
    ("agent", "code", "words"),
    [
        ("roomy", "transport_refused", "Agent 'roomy' cannot be reached over websocket"),
        ("nobody", "agent_not_found", "There is no agent 'nobody'. Known: broken, closing"),
    ],
)
async def test_what_the_door_refuses_has_its_code(
    house: House, agent: str, code: str, words: str
) -> None:
    """And the status, as every answer of a token source has."""
    error = await refused(session(house, agent), code, words)
    assert isinstance(error, TokenSourceError)
    assert error.status in (403, 404)


async def test_a_conversation_that_is_open_elsewhere_is_refused(house: House) -> None:
    """By its id."""
    async with session(house, "single") as first:
        second = session(
            house,
            "single",
            conversation_id=first.conversation_id,
            resume_token=first.resume_token,
        )
        await refused(second, "conversation_open", first.conversation_id)
        assert first.is_connected


async def test_an_agent_that_ends_the_session_says_why(house: House) -> None:
    """The error has its reason, and the agent did not fail."""
    async with session(house, "closing") as talk:
        await talk.send_data({"close": True})
        await talk.agent.wait_until_finished(60)
        assert talk.error is not None
        assert talk.error.code == "ended"
        assert talk.error.message == "The conversation was ended (closing time)."
        assert talk.agent.failure_reasons == ()


async def test_a_mistake_is_not_why_a_session_ends() -> None:
    """Of two words of the server the one about the end counts, whichever was the last."""
    road = SocketRoad()
    why = ("ended", "The conversation was ended (closing time).")
    for code, message in (why, ("bad_request", "That was no JSON.")):
        road._data({"type": "duologue.notice", "code": code, "message": message})
    assert road._line.why == why
