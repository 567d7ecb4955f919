"""The bus within one process."""

from __future__ import annotations

from duologue.bus.bell import Obey, Release, Unheard
from duologue.bus.subscription import Subscription
from duologue.wire.live import Event, Order, Shown


class HereBell:
    """Rings for listeners of this process, and knows its runs alone."""

    def __init__(self) -> None:
        self._listening: dict[str, list[Subscription]] = {}
        self._attending: dict[tuple[str, str], Obey] = {}
        self._closed = False

    def watched(self, topic: str) -> bool:
        """Whether anybody listens."""
        return topic in self._listening

    def publish(self, topic: str, event: Event) -> None:
        """Tells whoever listens."""
        for subscription in self._listening.get(topic, ()):
            subscription.put(event)

    def subscribe(self, topic: str) -> Subscription:
        """Listens from now on; on a bus that is closed there is nothing to hear."""

        def left(one: Subscription) -> None:
            others = self._listening.get(topic, [])
            if one in others:
                others.remove(one)
            if not others and self._listening.pop(topic, None) is not None:
                self._left(topic)

        made = Subscription(left)
        if self._closed:
            made.close()
        elif topic in self._listening:
            self._listening[topic].append(made)
        else:
            self._listening[topic] = [made]
            self._came(topic)
        return made

    def attend(self, org_id: str, conversation_id: str, obey: Obey) -> Release:
        """Takes the orders for a conversation, instead of whoever did before, until released."""
        place = org_id, conversation_id
        self._attending[place] = obey

        def release() -> None:
            if self._attending.get(place) is obey:
                del self._attending[place]

        return release

    async def order(self, org_id: str, conversation_id: str, order: Order) -> Shown:
        """What the attendant of this process answers."""
        obey = self._attending.get((org_id, conversation_id))
        if obey is None:
            raise Unheard
        return await obey(order)

    @property
    def reached(self) -> bool | None:
        """There is no other process."""
        return None

    def close(self) -> None:
        """Ends every subscription."""
        self._closed = True
        for subscriptions in list(self._listening.values()):
            for subscription in list(subscriptions):
                subscription.close()

    def _came(self, topic: str) -> None:
        """Somebody listens here, where nobody did."""

    def _left(self, topic: str) -> None:
        """Nobody listens here any more."""
