"""What is in the databases of earlier versions (`released`)."""

from __future__ import annotations

from typing import Any, Final

from duologue.access.secrets import digest

NOW: Final = 1_700_000_000_000
TRACE: Final = f"{1:032x}"
KEY: Final = "dk_secret_of_every_release"
TOKEN: Final = "the resume token of every release"
ORG: Final = f"org_{1:032x}"
AGENT: Final = f"agt_{2:032x}"
CONVERSATION: Final = f"conv_{3:032x}"
SESSION: Final = f"sess_{4:032x}"
VISITOR: Final = f"vis_{5:032x}"
VISIT: Final = f"vst_{6:032x}"
ALERT: Final = f"alert_{7:032x}"
SAID: Final = ("Grüß Gott 👋", "Two teas, 'please'.", "Here you are; \\ anything else?")

_owned: Final = {"org_id": ORG}
_of: Final = {**_owned, "conversation_id": CONVERSATION, "agent_id": AGENT}
_made: Final = {"created_at": NOW, "updated_at": NOW}

ROWS: Final[list[tuple[str, dict[str, Any]]]] = [
    ("organizations", {"id": ORG, "name": "Default", "slug": "default", "created_at": NOW}),
    (
        "agents",
        {
            "id": AGENT,
            **_owned,
            "slug": "front-desk",
            "name": "Front Desk",
            "definition": '{"slug":"front-desk"}',
            "source": "desk.py",
            "published_at": NOW,
            **_made,
        },
    ),
    (
        "keys",
        {
            "id": f"key_{8:032x}",
            **_owned,
            "kind": "secret",
            "name": "server",
            "hash": digest(KEY),
            "hint": "ease",
            "origins": "[]",
            "scopes": '["sessions","read"]',
            "created_at": NOW,
        },
    ),
    (
        "visitors",
        {
            "id": VISITOR,
            **_owned,
            "user_id": "ada",
            "traits": '{"plan":"ö"}',
            "first_seen_at": NOW,
            "last_seen_at": NOW,
            "identified_at": NOW,
        },
    ),
    ("visits", {"id": VISIT, **_owned, "visitor_id": VISITOR, "started_at": NOW, "last_at": NOW}),
    (
        "page_views",
        {
            "id": f"evt_{9:032x}",
            **_owned,
            "visitor_id": VISITOR,
            "visit_id": VISIT,
            "url": "https://shop.example/tea",
            "path": "/tea",
            "title": "Tea",
            "referrer": "",
            "visible_ms": 1200,
            "at": NOW,
        },
    ),
    (
        "conversations",
        {
            "id": CONVERSATION,
            **_owned,
            "agent_id": AGENT,
            "key_id": f"key_{8:032x}",
            "current_session_id": SESSION,
            "resume_hash": digest(TOKEN),
            "metadata": '{"lang":"de"}',
            "state": '{"cart":["tea"]}',
            "next_seq": 4,
            "visitor_id": VISITOR,
            **_made,
        },
    ),
    (
        "runs",
        {
            "id": f"run_{TRACE}",
            **_of,
            "process": f"proc_{10:032x}",
            "started_at": NOW,
            "ended_at": NOW + 60_000,
            "end_reason": "left",
            "usage": "[]",
        },
    ),
    (
        "sessions",
        {
            "id": SESSION,
            **_of,
            "run_id": f"run_{TRACE}",
            "key_hash": digest("session"),
            "key_id": f"key_{8:032x}",
            "key_expires_at": NOW + 3_600_000,
            "transport": "websocket",
            "state": "ended",
            "capabilities": '["binary"]',
            "config": "{}",
            "metadata": '{"visit":1}',
            "custom_metadata": "{}",
            "custom_headers": "{}",
            "sdk_version": "2.8.10",
            "origin": "https://shop.example",
            "consent": '{"hash":"ab","at":5}',
            "created_at": NOW,
            "opened_at": NOW,
            "page": '{"url":"https://shop.example/tea","title":"Tea","path":"/tea"}',
            "ended_at": NOW + 60_000,
            "end_reason": "left",
            "attached_ms": 60_000,
        },
    ),
    *(
        (
            "messages",
            {
                "id": f"msg_{20 + seq:032x}",
                **_owned,
                "conversation_id": CONVERSATION,
                "run_id": f"run_{TRACE}",
                "session_id": SESSION,
                "seq": seq,
                "turn_id": f"turn-{seq}",
                "role": "assistant" if seq == 3 else "user",
                "kind": "message",
                "text": said,
                "final": True,
                "interrupted": seq == 3,
                **_made,
            },
        )
        for seq, said in enumerate(SAID, 1)
    ),
    (
        "usage",
        {
            "id": f"use_{11:032x}",
            **_owned,
            "agent_id": AGENT,
            "session_id": SESSION,
            "run_id": f"run_{TRACE}",
            "attached_ms": 60_000,
            "cost_micros": 12,
            **_made,
        },
    ),
    (
        "feedback",
        {
            "id": f"fb_{12:032x}",
            **_of,
            "session_id": SESSION,
            "rating": "up",
            "text": "Kind.",
            **_made,
        },
    ),
    (
        "traces",
        {
            "seq": 7,
            **_owned,
            "id": f"run_{TRACE}",
            "source": "duologue",
            "agent": "front-desk",
            "agent_version": "1",
            "conversation_id": CONVERSATION,
            "session_id": SESSION,
            "visitor_id": VISITOR,
            "room": "",
            "outcome": "",
            "transport": "websocket",
            "status": "complete",
            "reason": "left",
            "started_at": NOW,
            "ended_at": NOW + 60_000,
            "last_seen_at": NOW + 60_000,
            "turns": 1,
            "e2e_max_ms": 812.5,
            "has_recording": False,
            "tags": "[]",
            "usage": "[]",
            "attributes": "{}",
        },
    ),
    (
        "spans",
        {
            "trace_seq": 7,
            "span_id": f"{1:016x}",
            "parent_id": "",
            "name": "llm_request",
            "kind": "llm",
            "start_ns": NOW * 10**6,
            "end_ns": NOW * 10**6 + 10**9,
            "status": "ok",
            "error": "",
            "turn": 0,
            "attributes": "{}",
            "events": "[]",
        },
    ),
    (
        "turns",
        {
            "trace_seq": 7,
            "number": 0,
            "started_ns": NOW * 10**6,
            "spoken": True,
            "ended_ns": NOW * 10**6 + 10**9,
            "interrupted": False,
            "interruption": "",
            "e2e_ms": 812.5,
            "user_text": SAID[0],
            "agent_text": SAID[2],
        },
    ),
    (
        "logs",
        {
            "trace_seq": 7,
            "log_id": f"{1:016x}",
            "at_ns": NOW * 10**6,
            "level": "info",
            "span_id": "",
            "logger": "desk",
            "text": "connected",
            "attributes": "{}",
        },
    ),
    (
        "alerts",
        {
            "id": ALERT,
            **_owned,
            "measure": "e2e_p95",
            "agent": "front-desk",
            "threshold": 2000.0,
            "window_ms": 3_600_000,
            "webhook": "",
            "state": "unknown",
            "created_at": NOW,
        },
    ),
    ("schema_readers", {"oldest": "0008"}),
]
"""What is in each of them, as far as its version has the tables and columns."""
