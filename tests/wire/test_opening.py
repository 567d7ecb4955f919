"""The one answer of every door."""

from __future__ import annotations

import msgspec

from duologue.wire import opening as wire
from duologue.wire.layercode import Transcription


def test_the_answer_has_the_documents_names() -> None:
    """The agent's face is written as the widget reads it; a room has no formats of a socket."""
    opening = wire.Opening(
        session_id="s",
        conversation_id="c",
        transport="livekit",
        url="wss://rooms.example",
        token="ey",
        room_name="blue",
        resumable=True,
        resume_token="r",
        resumed=None,
        agent=wire.AgentFace(name="Desk", avatar_image_url="https://x/a.png"),
        config=wire.OpeningConfig(
            transcription=Transcription(), tabs="takeover", capabilities=[], encryption=False
        ),
    )
    shown = msgspec.to_builtins(opening)
    assert shown["agent"] == {
        "name": "Desk",
        "avatarImageUrl": "https://x/a.png",
        "idleLoopUrl": None,
    }
    assert set(shown["config"]) == {"transcription", "tabs", "capabilities", "encryption"}
    assert msgspec.json.decode(msgspec.json.encode(opening), type=wire.Opening) == opening
