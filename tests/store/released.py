"""Databases of earlier versions, and how they were made.

`releases/*.sql` are what databases of each version held when it was the newest: made once by
`python -m tests.store.released VERSION`, never again, so that no code of today has written them.
"""

from __future__ import annotations

import asyncio
import re
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import asyncpg
from sqlalchemy import Connection, inspect, text
from tests import postgres

from duologue.access.secrets import digest
from duologue.store import copying, direct, schema, tables

FOLDER: Final = Path(__file__).parent / "releases"
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


def files(kind: str) -> list[Path]:
    """The fixtures of a kind of database, the oldest version first."""
    return sorted(FOLDER.glob(f"*.{kind}.sql"))


def fill(url: str, file: Path) -> None:
    """Makes an empty database what it was in that version."""
    if url.startswith("sqlite"):
        path = Path(url.removeprefix("sqlite:///"))
        path.parent.mkdir(parents=True, exist_ok=True)
        with closing(sqlite3.connect(path)) as opened:
            opened.executescript(file.read_text(encoding="utf-8"))
        return

    statements = file.read_text(encoding="utf-8")

    async def run() -> None:
        opened: Any = await asyncpg.connect(url)
        try:
            await opened.execute(statements)
        finally:
            await opened.close()

    asyncio.run(run())


# ---------------------------------------------------------------- how they were made


def made(conn: Connection, version: str) -> None:
    """Migrates an empty database up to a version and fills it."""
    direct.claim(conn)
    schema.upgrade_to(conn, version)
    there = set(inspect(conn).get_table_names())
    for name, values in ROWS:
        if name in there:
            columns = {each["name"] for each in inspect(conn).get_columns(name)}
            kept = {key: value for key, value in values.items() if key in columns}
            names = ", ".join(kept)
            places = ", ".join(f":{key}" for key in kept)
            conn.execute(text(f"INSERT INTO {name} ({names}) VALUES ({places})"), kept)
    copying.set_numbers_on(conn)


def as_sqlite(path: Path) -> str:
    """The file as SQL: tables and their triggers first, so that they index the rows."""
    with closing(sqlite3.connect(path)) as opened:
        listed = opened.execute(
            "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE "
            "'turn\\_words\\_%' ESCAPE '\\' OR type = 'trigger' ORDER BY type = 'trigger', rowid"
        ).fetchall()
        lines = [f"{sql};" for _, _, sql in listed]
        present = {name for kind, name, _ in listed if kind == "table"}
        order = ["alembic_version", *(each.name for each in tables.metadata.sorted_tables)]
        for name in (each for each in order if each in present):
            for row in opened.execute(f'SELECT * FROM "{name}"').fetchall():
                quoted = [opened.execute("SELECT quote(?)", (v,)).fetchone()[0] for v in row]
                lines.append(f'INSERT INTO "{name}" VALUES ({", ".join(quoted)});')
    return "\n".join(["PRAGMA foreign_keys = ON;", "BEGIN;", *lines, "COMMIT;", ""])


def as_postgres(url: str) -> str:
    """What pg_dump says, without its remarks and settings."""
    program = max(Path("/usr/lib/postgresql").glob("*/bin/pg_dump"))
    dumped = subprocess.run(
        [program, "--inserts", "--no-owner", "--no-privileges", "--no-comments", url],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    wanted = [
        line
        for line in dumped.splitlines()
        if line and not re.match(r"--|SET |SELECT pg_catalog.set_config|\\", line)
    ]
    return "\n".join([*wanted, ""])


def main(version: str) -> None:
    """Writes both fixtures of a version."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "made.db"
        direct.run(lambda conn: made(conn, version), f"sqlite:///{path}")
        (FOLDER / f"{version}.sqlite.sql").write_text(as_sqlite(path), encoding="utf-8")
    with postgres.server() as address:
        url = f"{address}/postgres"
        direct.run(lambda conn: made(conn, version), url)
        (FOLDER / f"{version}.postgresql.sql").write_text(as_postgres(url), encoding="utf-8")


if __name__ == "__main__":
    for each in sys.argv[1:]:
        main(each)
