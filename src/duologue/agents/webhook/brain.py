"""A back end as a session's language model: a turn of the user is a request, its answer the words.

A model is asked with the whole talk; a back end keeps the talk itself and gets what is new: the
user's words, and how much was heard of what it said before.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import aclosing
from typing import Any

from livekit.agents import DEFAULT_API_CONNECT_OPTIONS, NOT_GIVEN, APIConnectOptions, llm
from msgspec import UNSET

from duologue.agents.current import Current
from duologue.agents.webhook.backend import Backend, WebhookFailed
from duologue.agents.webhook.words import Joiner, with_pauses
from duologue.errors import DuologueError
from duologue.wire import webhooks as wire


async def _at_once() -> bool:
    return False


class WebhookLLM(llm.LLM[Any]):
    """One run's way to its agent's back end."""

    def __init__(self, backend: Backend) -> None:
        super().__init__()
        self.backend = backend
        self.here: Current | None = None
        """The session that asks; set by the pipeline."""
        self.new_id: Callable[[str], str] = lambda prefix: prefix
        """Makes ids; set by the pipeline."""
        self.settled: Callable[[], Awaitable[bool]] = _at_once
        """Returns when the answer before is over, or that it still sounds; set by the pipeline."""
        self.asked = False
        """Whether the user said anything yet."""
        self._open = ""
        self._before: tuple[str, str] | None = None
        self.untold: wire.StoodIn | None = None
        """Who answered meanwhile, as long as no message that tells of it was answered."""

    @property
    def model(self) -> str:
        """The name that usage and spans carry."""
        return self.backend.webhook.host

    @property
    def provider(self) -> str:
        """Who thinks: somebody's back end."""
        return "webhook"

    # ------------------------------------------------------------ what was heard

    def answers(self, turn: str) -> None:
        """From now on the agent's words are the answer to this event."""
        self._open = turn

    def silent(self, turn: str) -> None:
        """An event was answered without words."""
        if self._open == turn:
            self._open = ""

    def heard(self, text: str, *, interrupted: bool) -> None:
        """An utterance of the agent is over, and that is what the user heard of it."""
        self._before = (text, self._open) if interrupted else None
        self._open = ""

    def context(self, *, sounds: bool) -> wire.InterruptionContext:
        """How much of the answer before was heard; told once."""
        (text, turn), interrupted = self._before or ("", ""), self._before is not None
        if self._open and not sounds and not interrupted:  # cut before its first word
            turn, interrupted = self._open, True
        self._before = None
        return wire.InterruptionContext(
            previous_turn_interrupted=interrupted,
            words_heard=len(text.split()),
            text_heard=text,
            assistant_turn_id=turn or UNSET,
        )

    # ------------------------------------------------------------ what others said

    def stood_in(self, name: str, said: Sequence[str], heard: Sequence[str]) -> None:
        """A person answered in the agent's place; the next message tells of it."""
        before = self.untold or wire.StoodIn(name=name, said=[], heard=[])
        self.untold = wire.StoodIn(
            name=name, said=[*before.said, *said], heard=[*before.heard, *heard]
        )

    def told(self, standin: wire.StoodIn | None) -> None:
        """A message that tells of it was answered."""
        if self.untold is standin:
            self.untold = None

    # ------------------------------------------------------------ what is asked

    def known(self) -> dict[str, Any]:
        """What every event says of the session that is there now."""
        here = self.here
        if here is None:
            raise DuologueError("not_in_a_session")
        return {
            "event_id": self.new_id("evt"),
            "session_id": here.session_id,
            "conversation_id": here.conversation_id,
            "custom_metadata": here.custom_metadata or UNSET,
        }

    @property
    def headers(self) -> dict[str, str]:
        """The headers that the session was authorized with."""
        return {} if self.here is None else self.here.custom_headers

    def trouble(self, reason: str) -> None:
        """Notes what is no failure, where failures of models are noted."""
        self.emit(
            "error",
            llm.LLMError(
                timestamp=time.time(),
                label=self.label,
                error=WebhookFailed(reason),
                recoverable=True,
            ),
        )

    def chat(
        self,
        *,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool] | None = None,
        conn_options: APIConnectOptions = DEFAULT_API_CONNECT_OPTIONS,
        parallel_tool_calls: Any = NOT_GIVEN,
        tool_choice: Any = NOT_GIVEN,
        extra_kwargs: Any = NOT_GIVEN,
    ) -> llm.LLMStream:
        """The answer to the user's last words; the request is aborted when it is closed."""
        return _Answer(self, chat_ctx, list(tools or ()), conn_options)


class _Answer(llm.LLMStream):
    def __init__(
        self,
        brain: WebhookLLM,
        chat_ctx: llm.ChatContext,
        tools: list[llm.Tool],
        conn_options: APIConnectOptions,
    ) -> None:
        super().__init__(brain, chat_ctx=chat_ctx, tools=tools, conn_options=conn_options)
        self._brain = brain

    async def _run(self) -> None:
        brain, words, spoke = self._brain, Joiner(), False
        turn = brain.new_id("turn")
        brain.asked = True
        context = brain.context(sounds=await brain.settled())
        standin = brain.untold
        said = [each for each in self._chat_ctx.messages() if each.role == "user"]
        event = wire.Message(
            **brain.known(),
            text=(said[-1].text_content or "") if said else "",
            turn_id=turn,
            interruption_context=context,
            stood_in=UNSET if standin is None else standin,
        )
        brain.answers(turn)
        asked = brain.backend.ask(event, brain.headers, brain.trouble)
        async with aclosing(with_pauses(asked)) as answers:
            async for answer in answers:
                brain.told(standin)
                if answer is None:
                    self._send(turn, words.paused())
                elif isinstance(answer, wire.Tts):
                    spoke |= bool(answer.content)
                    self._send(turn, words.joined(answer.content))
                elif isinstance(answer, wire.Told | wire.Hangup):
                    act(brain.here, answer)
        brain.told(standin)
        if not spoke:
            brain.silent(turn)
        # Without a single chunk livekit-agents would not count the request.
        usage = llm.CompletionUsage(completion_tokens=0, prompt_tokens=0, total_tokens=0)
        self._event_ch.send_nowait(llm.ChatChunk(id=turn, usage=usage))

    def _send(self, turn: str, text: str) -> None:
        if not text:
            return
        delta = llm.ChoiceDelta(role="assistant", content=text)
        self._event_ch.send_nowait(llm.ChatChunk(id=turn, delta=delta))


def act(here: Current | None, answer: wire.Told | wire.Hangup) -> None:
    """Does what an answer asks for beside words."""
    if here is None:
        return
    if isinstance(answer, wire.Told):
        here.send(answer.content)
    else:
        here.end(say=answer.content or None)
