"""What a model is told of the visitor it talks with: anew at each answer, and kept nowhere."""

from __future__ import annotations

from collections import deque
from typing import Any, Final
from weakref import WeakSet

import structlog
from livekit.agents import Agent, AgentSession, ChatContext, ChatMessage
from livekit.agents.voice.events import ConversationItemAddedEvent

from duologue.agents.current import Current
from duologue.agents.definition import AgentDefinition
from duologue.agents.standin import StandIn, note
from duologue.core import visitors

log = structlog.get_logger(__name__)

STANDINS: Final = 3
"""The last persons in an agent's place that it is told of."""


class Briefing:
    """Tells the models of one session's agents where its visitor is now, and who stood in."""

    def __init__(self, definition: AgentDefinition, here: Current) -> None:
        self._definition = definition
        self._here = here
        self._briefed: WeakSet[Agent] = WeakSet()
        self._standins: deque[StandIn] = deque(maxlen=STANDINS)

    def follow(self, session: AgentSession[None]) -> None:
        """Tells the models of agents to whom the talk is handed over, too."""

        def added(event: ConversationItemAddedEvent) -> None:
            if event.item.type == "agent_handoff":
                self.give(session.current_agent)

        session.on("conversation_item_added", added)

    def give(self, agent: Agent, *, realtime: bool = False) -> None:
        """Tells an agent's model at each answer from now on; a realtime one, as it begins."""
        silent = self._definition.visitor_context == "off" and not self._standins
        if silent or agent in self._briefed:
            return
        self._briefed.add(agent)
        if realtime:  # it is not asked anew for each answer
            agent._chat_ctx = self.added(agent.chat_ctx.copy())
        original = agent.llm_node

        def briefed(chat_ctx: ChatContext, *given: Any, **named: Any) -> Any:
            return original(self.added(chat_ctx), *given, **named)

        agent.llm_node = briefed  # type: ignore[method-assign]  # one instance, of this session

    def remember(self, standin: StandIn, agent: Agent, *, realtime: bool = False) -> None:
        """Tells the models of a person who spoke in the agent's place, from now on."""
        self._standins.append(standin)
        if realtime:
            agent._chat_ctx = _noted(agent.chat_ctx.copy(), note(standin))
        else:
            self.give(agent)

    async def tell(self, session: AgentSession[None]) -> None:
        """Tells the realtime model of a running session what was said and who said it.

        Its provider keeps its memory: what the visitor wrote, and all that the person said, is
        not in there yet.
        """
        activity = session._activity
        line = None if activity is None else activity.realtime_llm_session
        told = self._note()
        if activity is None or line is None or told is None:
            return
        able, agent = line.realtime_model.capabilities, session.current_agent
        if able.mutable_chat_context:
            context = agent.chat_ctx
            await activity.update_chat_ctx(
                context if able.mutable_instructions else _noted(context, told)
            )
        if able.mutable_instructions:
            standing = activity._render_realtime_instructions(agent.instructions)
            await line.update_instructions(f"{standing}\n\n{told}")
        elif not able.mutable_chat_context:
            log.info("realtime model not told", reason="nothing of it changes while it talks")

    def added(self, chat_ctx: ChatContext) -> ChatContext:
        """A copy of the context with what is known now, or the same one when that is nothing.

        It stands with the instructions: templates of some models take system messages first only.
        """
        told = self._note()
        return chat_ctx if told is None else _noted(chat_ctx, told)

    def _note(self) -> str | None:
        known = [self._of_visitor(), *map(note, self._standins)]
        return "\n\n".join(each for each in known if each is not None) or None

    def _of_visitor(self) -> str | None:
        page = self._here.page
        return visitors.note(
            self._definition.visitor_context,
            page=None if page is None else (page.path or page.url, page.title),
            visitor=self._here.visitor,
            traits=self._definition.visitor_traits,
        )


def _noted(chat_ctx: ChatContext, told: str) -> ChatContext:
    first = chat_ctx.items[0] if chat_ctx.items else None
    if isinstance(first, ChatMessage) and first.role in ("system", "developer"):
        more = first.model_copy(update={"content": [*first.content, told]})
        return ChatContext([more, *chat_ctx.items[1:]])
    return ChatContext([ChatMessage(role="system", content=[told]), *chat_ctx.items])
