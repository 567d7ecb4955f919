"""`duologue db upgrade` and `duologue db check`, on both databases."""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from tests.cli.conftest import Shell
from tests.cli.databases import (
    RECORDING,
    absolute,
    change,
    filled,
    states,
    whole,
)
from tests.store import released
from tests.store.release_rows import CONVERSATION, ORG, SAID

from duologue.store import (
    messages,
    schema,
)
from duologue.store.database import unit


def test_upgrade_says_from_which_version_to_which(shell: Shell, url: str) -> None:
    """An empty database is made, an old one is brought to head, at head there is nothing to do."""
    kind = url.partition(":")[0]
    released.fill(absolute(shell, url), released.FOLDER / f"0005.{kind}.sql")
    first = shell("db", "upgrade")
    assert f"from version 0005 to {schema.HEAD}" in first.out
    again = shell("db", "upgrade", "--json").json
    assert (again["before"], again["after"]) == (schema.HEAD, schema.HEAD)
    assert "there is nothing to do" in shell("db", "upgrade").out
    with unit(url) as conn:
        assert [each.text for each in messages.of(conn, ORG, CONVERSATION)] == list(SAID)


def test_upgrade_makes_an_empty_database(shell: Shell, url: str) -> None:
    """As a first start would."""
    assert f"at version {schema.HEAD}" in shell("db", "upgrade").out
    assert whole(url)["organizations"].rows == 1


def test_upgrade_refuses_a_newer_database_by_name(shell: Shell, url: str) -> None:
    """Both versions are named, and nothing is changed."""
    shell("db", "upgrade")
    change(url, "UPDATE alembic_version SET version_num = '4242'")
    answer = shell("db", "upgrade")
    assert answer.code == 1
    assert "4242" in answer.err
    assert schema.HEAD in answer.err


# ---------------------------------------------------------------- check


def test_check_finds_nothing_wrong_with_a_whole_database(shell: Shell, url: str) -> None:
    """In words and in JSON, with exit code 0."""
    filled(url, recorded=shell.folder / ".duologue" / "recordings")
    answer = shell("db", "check")
    assert (answer.code, "Nothing is wrong." in answer.out) == (0, True)
    told = shell("db", "check", "--json").json
    assert told["ok"] is True
    assert {each["state"] for each in told["findings"]} == {"ok"}


WRONG = {
    "live sessions without a process": (
        "UPDATE sessions SET state = 'live', opened_at = 1, run_id = 'run_ours'",
        "UPDATE runs SET ended_at = NULL WHERE id = 'run_ours'",
    ),
    "open runs without a process": ("UPDATE runs SET ended_at = NULL",),
    "live sessions without a run": (
        "UPDATE sessions SET state = 'live', opened_at = 1, run_id = 'run_gone'",
    ),
    "live sessions of ended runs": (
        "UPDATE sessions SET state = 'live', opened_at = 1, run_id = 'run_ours'",
    ),
    "open messages of ended runs": (f"UPDATE messages SET final = {'{false}'}",),
    "conversations whose current session is missing": (
        "UPDATE conversations SET current_session_id = 'sess_gone'",
    ),
    "conversations that would number a message twice": ("UPDATE conversations SET next_seq = 1",),
    "traces whose recording is missing": ("DELETE FROM recordings",),
    "tables": ("DROP INDEX ix_runs_ended_at",),
}


@pytest.mark.parametrize("name", WRONG)
def test_check_finds_what_contradicts_itself(shell: Shell, url: str, name: str) -> None:
    """Each is named with how many there are and what to do; the exit code is 1."""
    filled(url, recorded=shell.folder / ".duologue" / "recordings")
    false = "false" if url.startswith("postgresql") else "0"
    change(url, *(each.replace("{false}", false) for each in WRONG[name]))
    assert shell("db", "check").code == 1
    found = states(shell)
    assert found[name]["state"] == "wrong"
    assert found[name]["mend"]


def test_check_finds_references_that_lead_nowhere(shell: Shell, url: str) -> None:
    """SQLite's own check finds them, and on PostgreSQL ours does."""
    filled(url)
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(shell.folder / ".duologue" / "duologue.db")) as file, file:
            file.execute("DELETE FROM runs")
    else:
        change(url, "SET LOCAL session_replication_role = replica", "DELETE FROM runs")
    found = states(shell)["references"]
    assert found["state"] == "wrong"
    assert "messages" in found["found"]


def test_check_finds_a_broken_file(shell: Shell) -> None:
    """Bytes in the middle of it were overwritten."""
    filled("sqlite:///.duologue/duologue.db")
    path = shell.folder / ".duologue" / "duologue.db"
    with closing(sqlite3.connect(path)) as file:
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        root = file.execute("SELECT rootpage FROM sqlite_master WHERE name = 'ix_runs_ended_at'")
        place = (root.fetchone()[0] - 1) * 4096
    with path.open("r+b") as raw:
        raw.seek(place + 8)
        raw.write(b"\xff" * 100)
    answer = shell("db", "check")
    assert answer.code == 1
    assert "the file" in answer.out or "refused" in answer.err


def test_check_misses_files_and_rows_of_recordings(shell: Shell, url: str) -> None:
    """A recording without its file is wrong; a file without a recording is a note."""
    folder = shell.folder / ".duologue" / "recordings"
    filled(url, recorded=folder)
    (folder / RECORDING).rename(folder / f"{'1' * 32}-00000001.ogg")
    found = states(shell)
    assert found["recordings without a file"]["state"] == "wrong"
    assert RECORDING in found["recordings without a file"]["found"]
    assert found["files without a recording"]["state"] == "note"


def test_check_leaves_an_old_database_as_it_is(shell: Shell, url: str) -> None:
    """Its version is a note that names the command; it is not upgraded by being looked at."""
    kind = url.partition(":")[0]
    released.fill(absolute(shell, url), released.FOLDER / f"0004.{kind}.sql")
    assert shell("db", "check").code == 0
    found = states(shell)["version"]
    assert (found["state"], found["mend"]) == ("note", "duologue db upgrade")
    assert "0004" in found["found"]


def test_check_of_nothing_makes_nothing(shell: Shell) -> None:
    """Where no database is, that is said."""
    answer = shell("db", "check")
    assert (answer.code, "There is no database" in answer.err) == (1, True)
    assert not (shell.folder / ".duologue").exists()
