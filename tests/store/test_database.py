"""Units of work run, commit and fail alike on both databases."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path

import pytest
from sqlalchemy import Connection, func, select
from tests.store.world import NOW, authorize, build

from duologue.access import resume_tokens
from duologue.errors import DuologueError
from duologue.store import conversations, database, organizations, sessions
from duologue.store.database import Database, unit
from duologue.store.tables import organizations as table
from duologue.store.tables import sessions as sessions_table


def make(conn: Connection, slug: str, *, fail: bool = False) -> str:
    """Makes an organization, and then perhaps thinks better of it."""
    made = organizations.create(conn, slug=slug, name=slug, now=NOW)
    if fail:
        raise LookupError(slug)
    return made.id


def count(conn: Connection) -> int:
    """How many organizations there are, through Core."""
    found: int = conn.execute(select(func.count()).select_from(table)).scalar_one()
    return found


async def test_a_write_returns_what_was_done_and_a_read_sees_it(url: str) -> None:
    """What was acknowledged is visible to the next read, and after opening again."""
    db = await Database.open(url)
    made = await db.write(make, "acme")
    found = await db.read(organizations.get, "acme")
    assert found is not None
    assert found.id == made
    await db.close()
    again = await Database.open(url)
    assert await again.read(count) == 2
    await again.close()


async def test_a_failing_unit_leaves_nothing_and_harms_no_other(url: str) -> None:
    """Forty units at once, every third fails: its error arrives, the others are committed."""
    db = await Database.open(url)
    outcomes = await asyncio.gather(
        *(db.write(make, f"o{n}", fail=n % 3 == 0) for n in range(40)), return_exceptions=True
    )
    failed = [str(each) for each in outcomes if isinstance(each, LookupError)]
    assert failed == [f"o{n}" for n in range(0, 40, 3)]
    slugs = {each.slug for each in await db.read(organizations.all)}
    assert slugs == {"default"} | {f"o{n}" for n in range(40) if n % 3}
    await db.close()


async def test_a_unit_that_fails_alone_leaves_nothing(url: str) -> None:
    """No other unit in the batch, the same outcome."""
    db = await Database.open(url)
    with pytest.raises(LookupError):
        await db.write(make, "a", fail=True)
    assert await db.write(make, "a")
    assert await db.read(count) == 2
    await db.close()


async def test_a_caller_that_gives_up_does_not_stop_the_writer(url: str) -> None:
    """A cancelled wait is nobody's failure; later units go on."""
    db = await Database.open(url)
    waiting = [asyncio.ensure_future(db.write(make, f"w{n}")) for n in range(5)]
    await asyncio.sleep(0)
    waiting[2].cancel()
    outcomes = await asyncio.gather(*waiting, return_exceptions=True)
    assert isinstance(outcomes[2], asyncio.CancelledError)
    await db.write(make, "later")
    assert len([each for each in outcomes if isinstance(each, str)]) == 4
    await db.close()


async def test_of_fifty_racing_authorizes_one_key_is_left(url: str) -> None:
    """Exactly one session has a key; it is the current one, and only it can be opened."""
    db = await Database.open(url)
    world = await db.write(build, "acme")

    def once_more(conn: Connection, secret: str) -> str:
        conversation, agent = world.conversation.id, world.agent.id
        return authorize(conn, world.id, conversation, agent, world.key.id, secret).id

    made = await asyncio.gather(*(db.write(once_more, f"k{n}") for n in range(50)))

    def with_key(conn: Connection) -> list[str]:
        held = select(sessions_table.c.id).where(sessions_table.c.key_hash.is_not(None))
        return [row[0] for row in conn.execute(held)]

    holders = await db.read(with_key)
    assert len(holders) == 1
    opened = [each for each in made if await db.write(sessions.open, world.id, each, "run_1", NOW)]
    assert opened == holders
    await db.close()


async def test_racing_returns_by_one_token_leave_one_key_and_that_token(url: str) -> None:
    """As when a client asks again before its first asking is answered, whichever it hears of."""
    db = await Database.open(url)
    world = await db.write(build, "acme")
    origin = "https://example.com"
    known = await db.write(resume_tokens.issue, world.id, world.conversation.id)
    assert await db.write(sessions.open, world.id, world.session.id, "run_1", NOW)

    def come_back(conn: Connection, secret: str, token: str) -> tuple[str, str]:
        found = resume_tokens.redeem(
            conn,
            token,
            org_id=world.id,
            conversation_id=None,
            agent_id=world.agent.id,
            origin=origin,
            window_ms=300_000,
            now=NOW,
        )
        assert found is not None
        made = authorize(conn, world.id, found.id, world.agent.id, world.key.id, secret)
        return made.id, resume_tokens.issue(conn, world.id, found.id)

    async def open_once(secret: str) -> str | None:
        """The token of the session that could be opened at once."""
        session, token = await db.write(come_back, secret, known)
        return token if await db.write(sessions.open, world.id, session, "run_2", NOW) else None

    made = await asyncio.gather(*(db.write(come_back, f"k{n}", known) for n in range(20)))
    with_key = select(sessions_table.c.id).where(sessions_table.c.key_hash.is_not(None))
    holders = await db.read(lambda conn: [row[0] for row in conn.execute(with_key)])
    assert len(holders) == 1
    newest = dict(made)[holders[0]]
    good = [
        token
        for token in [known, *dict(made).values()]
        if await db.read(conversations.by_resume, resume_tokens.digest(token))
    ]
    assert good == [known, newest]

    # Whoever comes in voids that token for all who are late: one, however they race.
    tries = (open_once(f"o{n}") for n in range(20))
    outcomes = await asyncio.gather(*tries, return_exceptions=True)
    assert {type(each) for each in outcomes} <= {str, type(None), DuologueError}
    came_in = [each for each in outcomes if isinstance(each, str)]
    assert len(came_in) == 1
    good = [
        token
        for token in [known, newest, *came_in]
        if await db.read(conversations.by_resume, resume_tokens.digest(token))
    ]
    assert good == came_in
    await db.close()


async def test_closing_finishes_what_is_queued_and_then_refuses(tmp_path: Path) -> None:
    """Every write before close is acknowledged; after it none is taken; closing twice is one."""
    db = await Database.open(f"sqlite:///{tmp_path / 'a.db'}")
    writes = [asyncio.ensure_future(db.write(make, f"o{n}")) for n in range(200)]
    await asyncio.sleep(0)
    await db.close()
    await db.close()
    assert len(set(await asyncio.gather(*writes))) == 200
    with pytest.raises(RuntimeError, match="closed"):
        await db.write(make, "late")


def test_a_blocking_unit_commits_at_its_end_or_not_at_all(url: str) -> None:
    """The command line's way in: an error inside takes everything back."""
    with unit(url) as conn:
        make(conn, "kept")
    with pytest.raises(LookupError), unit(url) as conn:
        make(conn, "lost", fail=True)
    with unit(url) as conn:
        assert {each.slug for each in organizations.all(conn)} == {"default", "kept"}


async def test_a_file_that_cannot_be_a_database_is_named(tmp_path: Path) -> None:
    """A folder, a path through a file, and a file of something else: refused, nothing hangs."""
    other = tmp_path / "notes.txt"
    other.write_text("these are notes, and not a database at all\n" * 100)
    for path in (tmp_path, other, other / "below.db"):
        with pytest.raises(DuologueError, match=str(path)) as error:
            await Database.open(f"sqlite:///{path}")
        assert error.value.code == "file_invalid"
    assert other.read_text().startswith("these are notes")


async def test_a_read_cannot_write(tmp_path: Path) -> None:
    """A unit that changes something must go through the writer."""
    db = await Database.open(f"sqlite:///{tmp_path / 'a.db'}")
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        await db.read(make, "a")
    assert await db.read(count) == 1
    await db.close()


@pytest.mark.parametrize("url", ["mysql://x/y", "nonsense", "", "sqlite://", "sqlite:///:memory:"])
async def test_other_addresses_are_refused_in_words(url: str) -> None:
    """The refusal names the setting and shows what is possible."""
    with pytest.raises(DuologueError, match=r"database_url.*sqlite:///"):
        await Database.open(url)


def test_the_kind_of_a_database_is_read_from_its_address() -> None:
    """Both schemes that are taken."""
    assert database.backend("sqlite:///a.db") == "sqlite"
    assert database.backend("postgresql://host/name") == "postgresql"


async def test_a_text_that_no_database_can_keep_is_the_askers_mistake(url: str) -> None:
    """Looked for, it is not found or refused; it never counts as a failure of the server."""
    db = await Database.open(url)
    for ask in (db.read, db.write):
        if url.startswith("sqlite"):
            assert await ask(organizations.get, "a\0b") is None
            continue
        with pytest.raises(DuologueError, match="NUL") as caught:
            await ask(organizations.get, "a\0b")
        assert caught.value.code == "bad_request"
    assert await db.read(count) == 1, "the next one is served"
    await db.close()


async def test_what_waits_is_counted(tmp_path: Path) -> None:
    """While a unit runs, those behind it; afterwards none."""
    db = await Database.open(f"sqlite:///{tmp_path / 'duologue.db'}")
    began, go = threading.Event(), threading.Event()

    def hold(conn: Connection) -> None:
        began.set()
        assert go.wait(60)

    held = asyncio.ensure_future(db.write(hold))
    await asyncio.to_thread(began.wait, 60)
    waiting = [asyncio.ensure_future(db.write(count)) for _ in range(3)]
    await asyncio.sleep(0)
    assert db.waiting == 3
    go.set()
    await asyncio.gather(held, *waiting)
    assert db.waiting == 0
    await db.close()
