"""Who asks and for whom, remembered for a second: what makes a token cheap.

A key that is revoked meanwhile counts again where a session begins: at the join, or at the upgrade.
"""

from __future__ import annotations

from typing import Final, NamedTuple

from sqlalchemy import Connection

from duologue.access import balance, budgets, keys
from duologue.access.keys import Principal
from duologue.pipeline.host import Host
from duologue.server import policy
from duologue.server.admit import Wish
from duologue.server.pace import Pace
from duologue.store.records import Agent

KEPT_MS: Final = 1000
MOST: Final = 4096


class Asker(NamedTuple):
    """Who asks, and the agent that is meant."""

    principal: Principal
    agent: Agent


class Known:
    """Finds the caller and the agent of a wish, with at most one look into the store a second."""

    def __init__(self, host: Host, pace: Pace) -> None:
        self._host = host
        self._pace = pace
        self._definitions = policy.Definitions()
        self._found: dict[tuple[str, str], tuple[int, Asker]] = {}

    async def ask(self, wish: Wish) -> Asker:
        """Who asks for which agent; a stranger, an unknown agent and a draft are refused."""
        now = self._host.clock()
        caller = keys.digest(wish.key) if wish.key else None
        if wish.principal is None:
            await self._pace.take(caller, wish.address, now)
        name = (caller or (wish.principal.org_id if wish.principal else ""), wish.agent)
        until, found = self._found.get(name, (0, None))
        if found is not None and now < until:
            return found
        with self._pace.learning(caller):
            found = await self._host.db.read(self._look, wish, now)
        if len(self._found) >= MOST:
            self._found.clear()
        self._found[name] = (now + KEPT_MS, found)
        return found

    def _look(self, conn: Connection, wish: Wish, now: int) -> Asker:
        principal = wish.principal or keys.authenticate(conn, wish.key, now)
        agent = policy.agent_for(conn, principal, wish.agent, tells_foreign=wish.tells_foreign)
        balance.require(conn, principal.org_id)
        budget = policy.budget_of(self._definitions(agent.definition), self._host.settings)
        # Places are looked at when somebody joins: whoever resumes has one already.
        budgets.require_pace(conn, principal.org_id, agent.id, budget, now)
        budgets.require_minutes(conn, principal.org_id, agent.id, budget, now)
        return Asker(principal, agent)
