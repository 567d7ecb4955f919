"""The owners' door to what goes on: to look at a live conversation, and to take part in it."""

from __future__ import annotations

from litestar import Controller, get, post
from litestar.di import Provide

from duologue.access.keys import Principal
from duologue.pipeline.host import Host
from duologue.server.ordering import order
from duologue.server.owners import principal_of
from duologue.wire import live, rest


class LiveConversations(Controller):
    """What goes on now."""

    path = "/v1/conversations"
    tags = ("Live",)
    dependencies = {"principal": Provide(principal_of)}  # noqa: RUF012  # Litestar's way

    @get("/{conversation:str}/live")
    async def look(self, host: Host, principal: Principal, conversation: str) -> live.Shown:
        """How a conversation goes on: who is there, what the agent does, who answers."""
        principal.require("read")
        return await order(host, principal.org_id, conversation, live.Look())

    @post("/{conversation:str}/say", status_code=200)
    async def let_say(
        self, host: Host, principal: Principal, conversation: str, data: rest.SayRequest
    ) -> live.Shown:
        """Lets the agent say something now."""
        return await _do(host, principal, conversation, live.Say(data.text))

    @post("/{conversation:str}/interrupt", status_code=200)
    async def silence(self, host: Host, principal: Principal, conversation: str) -> live.Shown:
        """Lets whoever speaks to the user fall silent."""
        return await _do(host, principal, conversation, live.Interrupt())

    @post("/{conversation:str}/end", status_code=200)
    async def hang_up(
        self,
        host: Host,
        principal: Principal,
        conversation: str,
        data: rest.EndRequest | None = None,
    ) -> rest.Done:
        """Hangs up: the conversation is over and its key void."""
        await _do(host, principal, conversation, live.End((data or rest.EndRequest()).reason))
        return rest.Done()

    @post("/{conversation:str}/takeover", status_code=200)
    async def take_over(
        self,
        host: Host,
        principal: Principal,
        conversation: str,
        data: rest.TakeOverRequest | None = None,
    ) -> live.Shown:
        """A person answers from now on, and the agent is silent; asked again, they stay."""
        asked = data or rest.TakeOverRequest()
        what = live.TakeOver(_by(principal), asked.name, asked.seconds)
        return await _do(host, principal, conversation, what)

    @post("/{conversation:str}/speak", status_code=200)
    async def speak(
        self, host: Host, principal: Principal, conversation: str, data: rest.SayRequest
    ) -> live.Shown:
        """What the person says in the agent's place, by its voice."""
        return await _do(host, principal, conversation, live.Speak(_by(principal), data.text))

    @post("/{conversation:str}/handback", status_code=200)
    async def hand_back(self, host: Host, principal: Principal, conversation: str) -> live.Shown:
        """The agent answers again, and knows what was said meanwhile."""
        return await _do(host, principal, conversation, live.HandBack(_by(principal)))


def _by(principal: Principal) -> str:
    """By what a person is known who comes with a key: several may share it."""
    return principal.key_id or principal.org_id


async def _do(host: Host, principal: Principal, conversation: str, what: live.Order) -> live.Shown:
    principal.require("sessions")
    return await order(host, principal.org_id, conversation, what)
