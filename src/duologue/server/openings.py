"""A session over whichever road both sides know: what the token door and the widget door share."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import msgspec
from litestar import Request

from duologue.agents.definition import AgentDefinition
from duologue.errors import DuologueError
from duologue.pipeline.recording import is_recorded
from duologue.server import announce, reached
from duologue.server.admit import Admitted, Doorman
from duologue.server.invite import Invitation, Inviter, RoomWish, chance
from duologue.server.layercode import RENAMED
from duologue.transports.layercode import input_rate
from duologue.wire.layercode import AudioFormat, Transcription, Vad
from duologue.wire.opening import TRANSPORTS, AgentFace, Opening, OpeningConfig, Transport
from duologue.wire.tokens import TokenRequest

SOCKET_PATH: Final = "/v1/agents/web/websocket"


class Openings:
    """Opens sessions, in rooms and over sockets."""

    def __init__(self, doorman: Doorman, inviter: Inviter) -> None:
        self._doorman = doorman
        self._inviter = inviter
        self._settings = doorman.host.settings

    async def open(self, wish: RoomWish, known: Sequence[str], base: str) -> Opening:
        """The answer to a client that knows these roads and reached us at that address."""
        asker, definition = await self._inviter.ask(wish)
        if _road(wish, known, definition, rooms=self._inviter.ready) == "livekit":
            promised = await self._inviter.promise(wish, asker, definition)
            recorded = is_recorded(promised.definition, self._settings, e2ee=promised.claim.e2ee)
            return _of_room(promised, base, recorded=recorded)
        found = msgspec.structs.replace(
            wish,
            principal=asker.principal,
            agent=asker.agent.id,
            transport="websocket",
            capabilities=[*wish.capabilities, "resume"],
        )
        socket = f"ws{base.removeprefix('http')}{SOCKET_PATH}"
        return _of_socket(await self._doorman.authorize(found), socket)

    def wish_of(
        self,
        request: Request[Any, Any, Any],
        key: str | None,
        asked: TokenRequest,
        *,
        tells_foreign: bool = False,
    ) -> RoomWish:
        """What a request wishes, with a name for a participant that has none."""
        metadata = asked.metadata
        if asked.deployment:
            metadata = {**metadata, "deployment": asked.deployment}
        return RoomWish(
            key=key,
            principal=self._doorman.nearby.who(request) if key is None else None,
            address=request.client.host if request.client else "",
            origin=request.headers.get("origin"),
            agent=asked.agent_name,
            tells_foreign=tells_foreign,
            conversation_id=asked.conversation_id or None,
            resume_token=asked.resume_token or None,
            transport="livekit",
            capabilities=asked.capabilities,
            overrides={RENAMED.get(name, name): value for name, value in asked.config.items()},
            metadata=metadata,
            room=asked.room_name,
            identity=asked.participant_identity or f"user-{chance()}",
            name=asked.participant_name,
            participant_metadata=asked.participant_metadata,
            attributes=asked.participant_attributes,
            room_config=asked.room_config,
            e2ee=asked.e2ee,
            consent=asked.consent,
            page=asked.page,
            visitor_id=asked.visitor_id,
        )

    def reached_at(self, request: Request[Any, Any, Any]) -> str:
        """The address of this server for the one who asks."""
        return reached.address(request, self._doorman.host.settings.public_url)


def _road(
    wish: RoomWish, known: Sequence[str], definition: AgentDefinition, *, rooms: bool
) -> Transport:
    """A room whenever there is one; else a socket, unless that would break a promise."""
    roads = [road for road in definition.roads if road == "livekit" or not wish.e2ee]
    possible = [road for road in TRANSPORTS if road in known and road in roads]
    if not possible:
        shown = ", ".join(known) or "no road at all"
        raise DuologueError(
            "transport_refused",
            agent=definition.slug,
            transport=shown,
            allowed=", ".join(roads) or "no road that is encrypted",
        )
    if not rooms and possible == ["livekit"]:
        raise DuologueError("livekit_missing")
    return possible[0] if rooms else "websocket"


def _of_room(invitation: Invitation, address: str, *, recorded: bool) -> Opening:
    claim = invitation.claim
    return Opening(
        session_id=claim.session,
        conversation_id=claim.conversation,
        transport="livekit",
        url=invitation.url,
        token=invitation.token,
        room_name=claim.room,
        resumable=True,
        resume_token=invitation.resume_token,
        resumed=invitation.resumed,
        agent=_face(invitation.definition),
        config=_config(invitation.definition, [], encryption=claim.e2ee, recorded=recorded),
        announce=f"{address}{announce.PATH}",
    )


def _of_socket(admitted: Admitted, url: str) -> Opening:
    config = _config(
        admitted.definition, admitted.capabilities, encryption=False, recorded=admitted.recorded
    )
    config.vad = Vad()
    config.audio = AudioFormat(input_rate=input_rate(admitted.capabilities))
    return Opening(
        session_id=admitted.session_id,
        conversation_id=admitted.conversation_id,
        transport="websocket",
        url=url,
        token=admitted.session_key,
        room_name=None,
        resumable=admitted.resume_token is not None,
        resume_token=admitted.resume_token,
        resumed=admitted.resumed,
        agent=_face(admitted.definition),
        config=config,
    )


def _face(definition: AgentDefinition) -> AgentFace:
    return AgentFace(
        name=definition.title,
        avatar_image_url=definition.avatar or None,
        idle_loop_url=definition.idle_loop or None,
    )


def _config(
    definition: AgentDefinition, capabilities: list[str], *, encryption: bool, recorded: bool
) -> OpeningConfig:
    turns = definition.turns
    return OpeningConfig(
        transcription=Transcription(
            trigger=turns.trigger,
            can_interrupt=turns.can_interrupt,
            automatic=turns.trigger == "automatic",
        ),
        tabs=definition.tabs,
        capabilities=capabilities,
        encryption=encryption,
        recorded=recorded,
    )
