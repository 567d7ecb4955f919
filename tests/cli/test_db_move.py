"""`duologue db move`, and what the commands do beside a server that runs."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy import Connection, text
from tests.cli.conftest import Shell, fresh
from tests.cli.databases import (
    change,
    filled,
    whole,
)
from tests.serving import House
from tests.store.tracing import span, told
from tests.store.world import NOW

from duologue.store import (
    direct,
    messages,
    organizations,
    schema,
    traces,
)
from duologue.store.database import unit

PATIENCE = 60.0


@pytest.mark.postgres
def test_a_database_moves_to_postgresql_and_back(shell: Shell, postgres_server: str) -> None:
    """Every table arrives with its sum, words are found there, numbers count on."""
    world = filled("sqlite:///.duologue/duologue.db")
    before = whole("sqlite:///.duologue/duologue.db")
    url = fresh(postgres_server)
    there = shell("db", "move", url)
    assert "counts and sums of every table agree" in there.out
    assert "DUOLOGUE_DATABASE_URL" in there.out
    assert whole(url) == before
    with unit(url) as conn:
        traces.put(conn, world.id, [told("2" * 32)], NOW)
    back = subprocess.run(
        [sys.executable, "-m", "duologue", "db", "move", "-", "--json", "--data", "other"],
        input=f"sqlite:///{shell.folder}/back/duologue.db\n",
        env=os.environ | {"DUOLOGUE_DATABASE_URL": url},
        capture_output=True,
        text=True,
        check=False,
        timeout=PATIENCE,
        cwd=shell.folder,
    )
    assert back.returncode == 0, back.stderr
    assert whole(f"sqlite:///{shell.folder}/back/duologue.db")["traces"].rows == 2


@pytest.mark.postgres
def test_what_is_moved_is_what_there_is_when_nobody_else_writes(postgres_server: str) -> None:
    """What a program wrote that was waited for is seen; afterwards nobody is kept waiting."""
    url = fresh(postgres_server)
    filled(url)
    seen: list[str] = []

    def look(conn: Connection) -> None:
        direct.freeze(conn)
        seen.extend(each.slug for each in organizations.all(conn))

    waiting = text("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted")
    mover = threading.Thread(target=direct.run, args=(look, url))
    with unit(url) as conn:
        schema.take_turns(conn)
        mover.start()
        while not conn.execute(waiting).scalar_one():
            time.sleep(0.05)
        organizations.create(conn, slug="late", name="Late", now=NOW)
    mover.join(PATIENCE)
    assert set(seen) == {"default", "ours", "late"}
    with unit(url) as conn:
        schema.take_turns(conn)


def test_a_target_that_holds_something_is_refused(shell: Shell, postgres_server: str) -> None:
    """Rows of ours and tables of others alike; what a first start makes does not count."""
    filled("sqlite:///.duologue/duologue.db")
    taken, foreign, started = (fresh(postgres_server) for _ in range(3))
    filled(taken)
    before = whole(taken)
    change(foreign, "CREATE TABLE invoices (id TEXT PRIMARY KEY)")
    with unit(started):
        pass
    for url, words in ((taken, "1 organizations"), (foreign, "another program (invoices)")):
        answer = shell("db", "move", url)
        assert (answer.code, words in answer.err) == (1, True), answer.err
    assert whole(taken) == before
    assert list(whole(foreign)) == ["invoices"]
    assert shell("db", "move", started).code == 0


@pytest.mark.postgres
def test_what_postgresql_cannot_keep_is_replaced_and_said(
    shell: Shell, postgres_server: str
) -> None:
    """A NUL in a text becomes U+FFFD; how many rows it was is told."""
    world = filled("sqlite:///.duologue/duologue.db")
    change("sqlite:///.duologue/duologue.db", "UPDATE messages SET text = 'a' || char(0) || 'b'")
    url = fresh(postgres_server)
    answer = shell("db", "move", url)
    assert "In 1 rows the character NUL" in answer.out
    with unit(url) as conn:
        (one,) = messages.of(conn, world.id, world.conversation.id)
    assert one.text == "a\ufffdb"


@pytest.mark.postgres
def test_a_move_that_is_killed_leaves_the_target_empty(shell: Shell, postgres_server: str) -> None:
    """`kill -9` in its middle, then SIGINT: the same command begins again, and arrives."""
    path = "sqlite:///.duologue/duologue.db"
    world = filled(path)
    entries = [span(number, name="x" * 200) for number in range(1, 20_001)]
    with unit(path) as conn:
        traces.put(conn, world.id, entries, NOW)
    url = fresh(postgres_server)
    for number in (signal.SIGKILL, signal.SIGINT):
        with subprocess.Popen(
            [sys.executable, "-m", "duologue", "db", "move", url],
            stderr=subprocess.PIPE,
            text=True,
            cwd=shell.folder,
        ) as moving:
            try:
                wait_until(lambda: bool(busy(url)))
                moving.send_signal(number)
                _, said = moving.communicate(timeout=PATIENCE)
            finally:
                moving.kill()
        assert moving.returncode in (-signal.SIGKILL, 1), said
        if number == signal.SIGINT:
            assert "Nothing of it was kept" in said
        wait_until(lambda: not busy(url))
        assert whole(url) == {}
    assert shell("db", "move", url).code == 0
    assert whole(url) == whole(path)


def busy(url: str) -> int:
    """How many transactions write rows of spans in that database just now."""

    async def ask() -> int:
        server, _, name = url.rpartition("/")
        connection: Any = await asyncpg.connect(f"{server}/postgres")
        try:
            found: int = await connection.fetchval(
                "SELECT count(*) FROM pg_stat_activity WHERE datname = $1 "
                "AND query LIKE 'INSERT INTO spans%'",
                name,
            )
        finally:
            await connection.close()
        return found

    return asyncio.run(ask())


def wait_until(true: Callable[[], bool]) -> None:
    """Waits until it is true."""
    done = threading.Event()
    for _ in range(int(PATIENCE / 0.02)):
        if true():
            return
        done.wait(0.02)
    raise AssertionError("it did not come true")


def test_no_password_is_shown(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither of the database that is moved nor of the one that it goes to."""
    filled("sqlite:///.duologue/duologue.db")
    nowhere = "postgresql://me:very-secret@127.0.0.1:1/none?password=very-secret"
    answers = [shell("db", "move", nowhere), shell("db", "move", nowhere, "--json")]
    monkeypatch.setenv("DUOLOGUE_DATABASE_URL", nowhere)
    commands = (("upgrade",), ("check",), ("backup", "kept.zip"))
    answers += [shell("db", *command) for command in commands]
    for answer in answers:
        assert answer.code == 1
        assert "cannot be reached" in answer.err
        assert "very-secret" not in answer.out + answer.err
    assert not list(shell.folder.glob("*kept*"))


def test_a_database_does_not_move_onto_itself(shell: Shell) -> None:
    """Which would only hang."""
    filled("sqlite:///.duologue/duologue.db")
    assert shell("db", "move", "sqlite:///.duologue/duologue.db").code == 2
    assert shell("db", "move", "mysql://h/d").code == 1


# ---------------------------------------------------------------- beside a server


@pytest.mark.postgres
def test_a_running_server_is_backed_up_and_not_replaced(
    tmp_path: Path, postgres_server: str
) -> None:
    """Check and backup go on beside it; restore and move say that it runs, and change nothing."""
    data = tmp_path / "data"
    with House(data) as house:
        key = house.secret_key()
        found = house.command("db", "check")
        assert found["ok"], found
        assert house.command("db", "backup", str(tmp_path / "kept.zip"))["manifest"]["tables"]
        assert house.command("db", "upgrade")["before"] == schema.HEAD
        for command in (
            ("restore", str(tmp_path / "kept.zip"), "--force"),
            ("move", fresh(postgres_server)),
        ):
            with pytest.raises(AssertionError, match="in use by another server"):
                house.command("db", *command)
        assert key
    assert house.command("db", "restore", str(tmp_path / "kept.zip"), "--force")["copied"]["rows"]


@pytest.mark.postgres
def test_a_server_on_postgresql_is_not_replaced_from_another_folder(
    tmp_path: Path, postgres_server: str
) -> None:
    """It shows in the database itself that it lives, whatever machine it runs on."""
    url = fresh(postgres_server)
    with House(tmp_path / "data", database_url=url) as house:
        house.command("orgs", "list")
        other = House(tmp_path / "elsewhere", database_url=url)
        env = {"DUOLOGUE_DATABASE_URL": url}
        backup = [sys.executable, "-m", "duologue", "db", "backup", "kept.zip", "--data", "x"]
        subprocess.run(backup, env=os.environ | env, cwd=tmp_path, check=True, capture_output=True)
        for command in (["restore", "kept.zip", "--force"], ["move", f"sqlite:///{tmp_path}/m.db"]):
            refused = subprocess.run(
                [sys.executable, "-m", "duologue", "db", *command, "--data", "x"],
                env=os.environ | env,
                cwd=tmp_path,
                check=False,
                capture_output=True,
                text=True,
            )
            assert refused.returncode == 1
            assert "Another server runs on the database" in refused.stderr
        assert other.data != house.data
