"""The Layercode door: authorize as its SDKs' backends ask for it."""

from __future__ import annotations

from typing import Any

import msgspec
from litestar import Request, Response, post
from litestar.openapi.datastructures import ResponseSpec

from duologue.agents.webhook.options import UNFIT, unsendable
from duologue.errors import DuologueError
from duologue.server import cors
from duologue.server.admit import Admitted, Doorman, Wish
from duologue.transports.layercode import input_rate
from duologue.wire import layercode as wire
from duologue.wire.bodies import DEEPEST, require_shallow, too_deep

_decoder = msgspec.json.Decoder(wire.AuthorizeRequest)
_encoder = msgspec.json.Encoder()
RENAMED = {"transcription": "turns"}
"""What Layercode's config calls otherwise than an agent's definition."""


@post(
    "/v1/agents/web/authorize_session",
    status_code=200,
    tags=["Layercode"],
    responses={200: ResponseSpec(wire.AuthorizeAnswer, description="The session")},
)
async def authorize_session(request: Request[Any, Any, Any], doorman: Doorman) -> Response[bytes]:
    """Answers with a session key, the conversation's id and the session's config."""
    asked = _read(await request.body())
    key = presented_key(request)
    admitted = await doorman.authorize(
        Wish(
            key=key,
            principal=doorman.nearby.who(request) if key is None else None,
            address=request.client.host if request.client else "",
            origin=request.headers.get("origin"),
            agent=asked.agent_id,
            conversation_id=asked.conversation_id or None,
            resume_token=asked.resume_token,
            capabilities=asked.capabilities or [],
            overrides={
                RENAMED.get(name, name): value for name, value in (asked.config or {}).items()
            },
            metadata=asked.metadata or {},
            custom_metadata=asked.custom_metadata or {},
            custom_headers=asked.custom_headers or {},
            sdk_version=asked.sdk_version or "",
        )
    )
    return Response(
        _encoder.encode(_answer(admitted)),
        media_type="application/json",
        headers={"cache-control": "no-store", **cors.readable(request)},
    )


def presented_key(request: Request[Any, Any, Any]) -> str | None:
    """The key that a request carries: a bearer token, or the x-api-key header."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() == "bearer" and token.strip():
        return token.strip()
    return request.headers.get("x-api-key") or None


def _read(body: bytes) -> wire.AuthorizeRequest:
    """What the client asks for, or a refusal that says what is wrong with it."""
    try:
        asked = _decoder.decode(body)
    except RecursionError:
        raise too_deep() from None
    except (msgspec.DecodeError, UnicodeError) as error:
        raise DuologueError("bad_request", reason=error) from None
    # Counting is quick, and nearly every body has too few brackets to be deep.
    if body.count(b"{") + body.count(b"[") > DEEPEST:
        require_shallow([asked.config, asked.metadata, asked.custom_metadata])
    if (unfit := unsendable(asked.custom_headers or {})) is not None:
        raise DuologueError("bad_request", reason=f"custom_headers: {unfit[:100]!r} {UNFIT}")
    return asked


def _answer(admitted: Admitted) -> wire.AuthorizeAnswer:
    turns = admitted.definition.turns
    return wire.AuthorizeAnswer(
        client_session_key=admitted.session_key,
        conversation_id=admitted.conversation_id,
        session_id=admitted.session_id,
        resume_token=admitted.resume_token,
        resumed=admitted.resumed,
        config=wire.SessionConfig(
            transcription=wire.Transcription(
                trigger=turns.trigger,
                can_interrupt=turns.can_interrupt,
                automatic=turns.trigger == "automatic",
            ),
            vad=wire.Vad(),
            audio=wire.AudioFormat(input_rate=input_rate(admitted.capabilities)),
            capabilities=admitted.capabilities,
            tabs=admitted.definition.tabs,
            recorded=admitted.recorded,
        ),
    )
