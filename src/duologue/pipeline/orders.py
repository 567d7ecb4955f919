"""What may be ordered of a live run from outside: by owners, from this process or another."""

from __future__ import annotations

from typing import TYPE_CHECKING, assert_never

import msgspec

from duologue.errors import DuologueError
from duologue.pipeline.run import Run
from duologue.pipeline.seat import Guest
from duologue.pipeline.takeover import SOMEBODY
from duologue.wire import live as wire

if TYPE_CHECKING:
    from duologue.pipeline.host import Host


class Orders:
    """Attends to one run."""

    def __init__(self, host: Host, run: Run, guest: Guest) -> None:
        self._host = host
        self._run = run
        self._first = guest
        self._since = host.clock()

    async def __call__(self, order: wire.Order) -> wire.Shown:
        """Does what is ordered, and says how it is going then."""
        run, takeover = self._run, self._run.takeover
        if run.ended is not None:
            raise DuologueError("conversation_not_live", conversation=run.conversation_id)
        match order:
            case wire.Look():
                pass
            case wire.Say(text):
                if run.holder is not None:
                    raise DuologueError(
                        "taken_over",
                        conversation=run.conversation_id,
                        who=run.holder.name or SOMEBODY,
                    )
                run.say(text)
            case wire.Interrupt():
                run.interrupt()
            case wire.End(reason, forgotten):
                org_id, conversation = self._first.org_id, run.conversation_id
                await self._host.finish(org_id, conversation, reason, forgotten=forgotten)
            case wire.TakeOver(by, name, seconds):
                takeover.begin(by, name, seconds)
            case wire.Speak(by, text):
                takeover.speak(by, text)
            case wire.Stay(by, seconds):
                takeover.stay(by, seconds)
            case wire.HandBack(by):
                takeover.hand_back(by)
            case wire.Replace():
                await self._host.replace(run.conversation_id)
            case wire.Release():
                await self._host.release(run)
            case wire.Untrace():
                self._host.tracing.forget(run.id)
            case _:
                assert_never(order)
        return self._shown()

    def _shown(self) -> wire.Shown:
        run = self._run
        seats = self._host.attached(run.conversation_id)
        guest = seats[0].guest if seats else self._first
        return wire.Shown(
            conversation=run.conversation_id,
            session=guest.session_id,
            run=run.id,
            agent=run.definition.title,
            transport=guest.transport,
            visitor="" if guest.visitor is None else guest.visitor.id,
            page="" if guest.page is None else guest.page.path or guest.page.url,
            since=self._since,
            state=run.state,
            clients=len(seats),
            holder=run.holder,
            hidden=run.tap.hidden,
            turns=msgspec.to_builtins(run.definition.turns),
            turn="" if run.tap.hidden else run.turn,
            text="" if run.tap.hidden else run.words_of(run.turn),
        )
