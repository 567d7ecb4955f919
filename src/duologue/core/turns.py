"""The order of turns: who has the floor, and what may be told to the client when.

The pipeline reports what it does; what comes back are the happenings to send, in an order that
every client survives. Two rules carry the rest. A turn that was cut is never spoken again: an
answer that goes on after a false interruption, or after a dropped socket, goes on under a new
turn. And exactly one whole text closes the words of each turn of the agent.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from duologue.core.happenings import (
    AgentAudio,
    AgentEnded,
    AgentSaid,
    AgentSent,
    AgentStarted,
    AgentText,
    Happening,
    UserDelta,
    UserEnded,
    UserInterim,
    UserSaid,
    UserStarted,
)


class _User(msgspec.Struct):
    turn: str
    counter: int = 0


class _Agent(msgspec.Struct):
    turn: str
    text: str = ""
    said: bool = False
    sent: bool = False
    silenced: bool = False
    """The client was told to stop: nothing of this turn may be sent any more."""


class Turns:
    """One conversation's turns, at most one open on each side."""

    def __init__(self, new_id: Callable[[str], str]) -> None:
        self._new_id = new_id
        self._user: _User | None = None
        self._agent: _Agent | None = None
        self._held_text = ""
        self._all_words = False
        self._behind: list[str] | None = None
        """What the user said while a person speaks; none while none does."""

    @property
    def agent_turn(self) -> str | None:
        """The agent's open turn."""
        return self._agent.turn if self._agent else None

    @property
    def speaking_turn(self) -> str | None:
        """The agent's open turn, unless it was silenced."""
        return self._agent.turn if self._agent and self._speaking else None

    @property
    def user_turn(self) -> str | None:
        """The user's open turn."""
        return self._user.turn if self._user else None

    def words_of(self, turn: str) -> str:
        """What the agent has said in its open turn; of any other turn nothing."""
        agent = self._agent
        return agent.text if agent is not None and agent.turn == turn else ""

    # ------------------------------------------------------------ the user

    def user_begins(self) -> list[Happening]:
        """The user takes the floor, over the agent's sound if there is any, but not a person's."""
        return self._floor()[1] if self._behind is None else []

    def user_interim(self, text: str) -> list[Happening]:
        """The user seems to say something; kept back while the agent has the floor."""
        if self._kept_back:
            return []
        user, begun = self._floor()
        return [*begun, UserInterim(user.turn, text, user.counter)]

    def user_final(self, text: str) -> list[Happening]:
        """A piece of the user's speech is certain; kept back while the agent has the floor."""
        if self._kept_back:
            return []
        user, begun = self._floor()
        user.counter += 1
        return [*begun, UserDelta(user.turn, text, user.counter - 1)]

    def user_says(self, text: str) -> list[Happening]:
        """The user's turn is complete; it is told behind a person's who speaks."""
        if self._behind is not None:
            self._behind.append(text)
            return []
        user, begun = self._floor()
        self._user = None
        return [*begun, UserSaid(user.turn, text), UserEnded(user.turn)]

    def user_gives_up(self) -> list[Happening]:
        """The user's turn came to nothing: noise, or words that nobody understood."""
        if self._user is None:
            return []
        user, self._user = self._user, None
        return [UserEnded(user.turn)]

    # ------------------------------------------------------------ the agent

    def agent_text(self, text: str, *, user_speaks: bool = False) -> list[Happening]:
        """The next words of an answer; kept back while the client is told to be silent.

        An answer that is thought while the user speaks on waits too: it may never be heard.
        """
        silenced = self._agent is not None and self._agent.silenced
        if silenced or (self._agent is None and (user_speaks or self._held_text)):
            self._held_text += text
            return []
        agent, begun = self._voice()
        agent.text += text
        return [*begun, AgentText(agent.turn, text)]

    def agent_audio(self, pcm: bytes) -> list[Happening]:
        """The next sound of an answer. An answer that was silenced goes on under a new turn."""
        resumed: list[Happening] = []
        if self._agent is not None and self._agent.silenced:
            resumed = self.agent_resumes()
        agent, begun = self._voice()
        return [*resumed, *begun, *self._let_go(agent), AgentAudio(agent.turn, pcm)]

    def agent_says(self) -> list[Happening]:
        """All words of the answer are known."""
        agent = self._agent
        self._all_words = True
        if agent is None or agent.said or agent.silenced:
            return []
        agent.said = True
        return [AgentSaid(agent.turn, agent.text)] if agent.text else []

    def agent_sends_no_more(self) -> list[Happening]:
        """All sound of the answer was sent."""
        agent = self._agent
        if agent is None or agent.sent or agent.silenced:
            return []
        said = self.agent_says()
        agent.sent = True
        return [*said, AgentSent(agent.turn)]

    def agent_ends(self, *, interrupted: bool) -> list[Happening]:
        """The answer was heard to its end, or was cut."""
        told: list[Happening] = []
        if self._agent is None and self._held_text and not interrupted:
            agent, begun = self._voice()
            told = [*begun, *self._let_go(agent)]
        if self._agent is not None:
            told += self._close(self._agent, interrupted=interrupted or self._agent.silenced)
        self._agent = None
        self._held_text, self._all_words = "", False
        return told

    def agent_silenced(self) -> list[Happening]:
        """The client stopped, or is gone; what it did not hear goes on under a new turn."""
        if self._agent is not None:
            self._agent.silenced = True
        return []

    def agent_resumes(self) -> list[Happening]:
        """An answer that was silenced goes on: nothing had interrupted it after all."""
        agent = self._agent
        if agent is None or not agent.silenced:
            return []
        closing = [*self.user_gives_up(), *self._close(agent, interrupted=True)]
        self._agent = _Agent(self._new_id("turn"), said=agent.said and not self._held_text)
        return [*closing, AgentStarted(self._agent.turn), *self._let_go(self._agent)]

    # ------------------------------------------------------------ a person in the agent's place

    def person_begins(self) -> list[Happening]:
        """A person speaks with their own voice: the user's turns wait until that is over."""
        told = self.agent_ends(interrupted=True)
        self._behind = []
        return [*told, *self._voice()[1]]

    def person_ends(self, *, interrupted: bool) -> list[Happening]:
        """The person is silent; what the user said meanwhile follows."""
        told = self.agent_ends(interrupted=interrupted)
        behind, self._behind = self._behind or [], None
        for text in behind:
            told += self.user_says(text)
        return told

    # ------------------------------------------------------------ within

    @property
    def _speaking(self) -> bool:
        return self._agent is not None and not self._agent.silenced

    @property
    def _kept_back(self) -> bool:
        return self._behind is not None or (self._user is None and self._speaking)

    def _floor(self) -> tuple[_User, list[Happening]]:
        """The user's open turn, and what its beginning tells if it begins now."""
        if self._user is not None:
            return self._user, []
        self._user = _User(self._new_id("user"))
        if self._agent is not None:
            self._agent.silenced = True
        return self._user, [UserStarted(self._user.turn)]

    def _voice(self) -> tuple[_Agent, list[Happening]]:
        """The agent's open turn, and what its beginning tells if it begins now."""
        if self._agent is not None:
            return self._agent, []
        yielded = self.user_gives_up()
        self._agent = _Agent(self._new_id("turn"))
        return self._agent, [*yielded, AgentStarted(self._agent.turn)]

    def _let_go(self, agent: _Agent) -> list[Happening]:
        """The words that were kept back, now that they are heard after all."""
        if not self._held_text:
            return []
        held, self._held_text = self._held_text, ""
        agent.text += held
        told: list[Happening] = [AgentText(agent.turn, held)]
        return [*told, *self.agent_says()] if self._all_words else told

    def _close(self, agent: _Agent, *, interrupted: bool) -> list[Happening]:
        """What is still owed of a turn: its one whole text, the end of sending, its end."""
        owed: list[Happening] = []
        if agent.text and not agent.said:
            agent.said = True
            owed.append(AgentSaid(agent.turn, agent.text))
        if not agent.sent:
            owed.append(AgentSent(agent.turn))
        return [*owed, AgentEnded(agent.turn, interrupted)]
