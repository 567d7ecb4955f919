"""How a session is opened: with which ticket, and on which road."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final, Literal

from duologue.client.errors import EncryptionError, SessionConnectError
from duologue.client.road import Road, Ticket
from duologue.client.token_options import CLIENT, SOCKET_KEY, TokenOptions, fresh
from duologue.errors import NotOnThisTransport

if TYPE_CHECKING:
    from duologue.client.tokens import TokenSource

Choice = Literal["livekit", "websocket", "auto"]
CHOICES: Final[dict[Choice, tuple[str, ...]]] = {
    "livekit": (),  # a stock endpoint knows no other road, and shall not be asked
    "websocket": ("websocket",),
    "auto": ("livekit", "websocket"),
}


class Opening:
    """A session's way from its options to an open road, as often as it is started."""

    def __init__(
        self,
        source: TokenSource,
        options: TokenOptions,
        transport: Choice,
        *,
        encryption: Any,
        room: Any,
    ) -> None:
        if transport not in CHOICES:
            raise ValueError(f"transport must be one of {', '.join(CHOICES)}, not {transport!r}")
        if encryption is not None and transport == "websocket":
            raise NotOnThisTransport("End-to-end encryption", "websocket")
        self.options = options
        self.used: Ticket | None = None
        """The ticket of the last start."""
        self._source = source
        self._transport: Choice = transport
        self._encryption = encryption
        self._room = room
        self._prepared: tuple[TokenOptions, Ticket] | None = None
        self._left = True
        """Whether the last session was ended by us: then the next one is a new one."""

    @property
    def url(self) -> str:
        """Where the session goes."""
        return self.used.url if self.used else ""

    async def prepare(self) -> None:
        """Fetches a ticket for the next start, and loads what its road needs."""
        options = self._asked()
        ticket = await self._source.fetch(options)
        await self._spend(options, ticket)
        self._prepared = (options, ticket)
        if not ticket.token.startswith(SOCKET_KEY):
            await asyncio.to_thread(_load_rtc)

    async def ticket(self) -> Ticket:
        """A ticket for this start; one that opened a session already is not used twice."""
        if self._room is not None and not callable(self._room) and self._room.isconnected():
            self.used = Ticket("", "", self._room.name)
            return self.used
        options = self._asked()
        ready, self._prepared = self._prepared, None
        if ready is not None and ready[0] == options and fresh(ready[1], time.time()):
            ticket = ready[1]
        else:
            ticket = await self._source.fetch(options)
            await self._spend(options, ticket)
        self._left = False
        self.used = ticket
        return ticket

    def forget(self) -> None:
        """The session was ended by us: the next start is another conversation."""
        self._left = True

    def road(self, ticket: Ticket, *, speaks: bool, early: bool) -> Road:
        """The road that a ticket opens: a JWT a room, `dk_session_…` a socket."""
        socket = ticket.token.startswith(SOCKET_KEY)
        if self._transport == "livekit" and socket:
            raise SessionConnectError(
                "the token opens a WebSocket, but transport='livekit' was asked; use 'auto'",
                url=ticket.url,
            )
        if self._transport == "websocket" and not socket:
            raise SessionConnectError(
                "the token opens a LiveKit room, but transport='websocket' was asked; ask the "
                "widget door or authorize of a duologue server, or use 'auto'",
                url=ticket.url,
            )
        if socket:
            return self._socket()
        self._require_same_secrecy(ticket)
        from duologue.client.encryption import secret
        from duologue.client.room import RoomRoad

        chosen = secret(self._encryption) if self._encryption is not None else None
        room: Callable[[], Any] | None = self._room
        if self._room is not None and not callable(self._room):
            room = lambda: self._room  # noqa: E731  # one that is there, as a function
        return RoomRoad(secret=chosen, make_room=room, speaks=speaks, early=speaks and early)

    # ------------------------------------------------------------ within

    async def _spend(self, options: TokenOptions, ticket: Ticket) -> None:
        """Keeps the source from giving our ticket to another session, which would be this one."""
        if not (options.room_name and options.participant_identity):
            await self._source.spend(ticket)

    def _socket(self) -> Road:
        if self._encryption is not None:
            raise NotOnThisTransport("End-to-end encryption", "websocket")
        if self._room is not None:
            raise NotOnThisTransport("A prebuilt rtc.Room", "websocket")
        from duologue.client.socket import SocketRoad

        return SocketRoad(self._renew)

    async def _renew(self, old: Ticket) -> Ticket:
        """A fresh ticket to the conversation of an old one."""
        options = replace(
            self._asked(), conversation_id=old.conversation_id, resume_token=old.resume_token
        )
        self.used = await self._source.fetch(options, force=True)
        return self.used

    def _require_same_secrecy(self, ticket: Ticket) -> None:
        """A key on one side only would be silence, or noise: better no session."""
        wanted = ticket.config.get("encryption")
        if wanted is True and self._encryption is None:
            raise EncryptionError("This agent speaks encrypted only: give encryption='the key'.")
        if wanted is False and self._encryption is not None:
            raise EncryptionError(
                "This agent answered that it will not encrypt: leave out encryption=…, or set "
                "encryption = 'optional' or 'required' for the agent."
            )

    def _asked(self) -> TokenOptions:
        """The options as they are asked now: a conversation that was lost is gone on with."""
        options = self.options
        attributes = {**options.participant_attributes, CLIENT: "1"}
        options = replace(options, participant_attributes=attributes)
        if self._transport != "livekit":
            from duologue.client.socket_wire import CAPABILITIES

            options = replace(
                options, transports=CHOICES[self._transport], capabilities=CAPABILITIES
            )
        if self._encryption is not None:
            options = replace(options, agent_metadata=_asking_for_secrecy(options.agent_metadata))
        if not self._left and self.used is not None and self.used.resume_token:
            options = replace(
                options,
                conversation_id=self.used.conversation_id,
                resume_token=self.used.resume_token,
            )
        return options


def _asking_for_secrecy(metadata: str) -> str:
    """The agent's metadata with the word that a duologue server reads; other text stays."""
    try:
        said = json.loads(metadata) if metadata else {}
    except ValueError:
        return metadata
    return json.dumps({**said, "e2ee": True}) if isinstance(said, dict) else metadata


def _load_rtc() -> None:
    """Imports LiveKit's client: a third of a second that the first start then does not take."""
    import livekit.rtc  # noqa: F401
