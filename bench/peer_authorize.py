"""The peer of `bench/authorize.py`: a bare Starlette endpoint that does the same writes in sqlite3.

One process, uvloop and httptools, WAL and synchronous=NORMAL: what a careful engineer would write
by hand for this one request, and nothing else.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
import sys
import time
import uuid
from pathlib import Path

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

KEY = "dk_secret_peer"

SCHEMA = """
create table keys (hash text primary key, org_id text, scopes text);
create table agents (id text primary key, org_id text, slug text, definition text);
create table conversations (
    id text primary key, org_id text, agent_id text, key_id text, current_session_id text,
    metadata text, created_at integer, updated_at integer
);
create index conversations_by_org on conversations (org_id, id);
create table sessions (
    id text primary key, org_id text, conversation_id text, agent_id text, key_id text,
    key_hash text unique, key_expires_at integer, transport text, state text, capabilities text,
    config text, metadata text, custom_metadata text, custom_headers text, sdk_version text,
    origin text, created_at integer
);
create index sessions_by_conversation on sessions (conversation_id);
create index sessions_by_org on sessions (org_id, id);
create index sessions_by_state on sessions (state);
"""


def make(path: Path) -> sqlite3.Connection:
    """A fresh database with one key and one agent."""
    conn = sqlite3.connect(path, isolation_level=None)
    conn.execute("pragma journal_mode=wal")
    conn.execute("pragma synchronous=normal")
    conn.executescript(SCHEMA)
    hashed = hashlib.sha256(KEY.encode()).hexdigest()
    conn.execute("insert into keys values (?, 'org', '[\"sessions\"]')", (hashed,))
    conn.execute("insert into agents values ('agt', 'org', 'demo', '{}')")
    return conn


def app(conn: sqlite3.Connection) -> Starlette:
    """The application with its one endpoint."""

    async def authorize(request: Request) -> JSONResponse:
        body = await request.json()
        token = request.headers["authorization"].removeprefix("Bearer ")
        hashed = hashlib.sha256(token.encode()).hexdigest()
        key = conn.execute("select org_id, scopes from keys where hash = ?", (hashed,)).fetchone()
        if key is None:
            return JSONResponse({"error": "unknown key"}, 401)
        agent = conn.execute(
            "select id from agents where org_id = ? and slug = ?", (key[0], body["agent_id"])
        ).fetchone()
        if agent is None:
            return JSONResponse({"error": "unknown agent"}, 404)
        now = time.time_ns() // 1_000_000
        conversation, session = f"conv_{uuid.uuid4().hex}", f"sess_{uuid.uuid4().hex}"
        session_key = f"dk_session_{secrets.token_urlsafe(32)}"
        session_hash = hashlib.sha256(session_key.encode()).hexdigest()
        metadata = json.dumps(body.get("metadata") or {})
        conn.execute("begin immediate")
        conn.execute(
            "insert into conversations values (?, ?, ?, ?, ?, ?, ?, ?)",
            (conversation, key[0], agent[0], hashed, session, metadata, now, now),
        )
        conn.execute(
            f"insert into sessions values ({', '.join('?' * 17)})",
            (
                *(session, key[0], conversation, agent[0], hashed, session_hash, now + 3_600_000),
                *("websocket", "authorized", "[]", "{}", metadata, "{}", "{}"),
                *(body.get("sdk_version", ""), None, now),
            ),
        )
        conn.execute("commit")
        config = {"transcription": {"trigger": "automatic", "can_interrupt": True}}
        return JSONResponse(
            {
                "client_session_key": session_key,
                "conversation_id": conversation,
                "session_id": session,
                "config": config,
            }
        )

    return Starlette(
        routes=[Route("/v1/agents/web/authorize_session", authorize, methods=["POST"])]
    )


if __name__ == "__main__":
    uvicorn.run(
        app(make(Path(sys.argv[1]) / "peer.db")),
        port=int(sys.argv[2]),
        loop="uvloop",
        http="httptools",
        log_level="error",
        access_log=False,
    )
