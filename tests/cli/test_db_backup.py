"""`duologue db backup` and `duologue db restore`, on both databases."""

from __future__ import annotations

import stat
import threading
import zipfile
from pathlib import Path
from typing import Any

import msgspec
import pytest
from tests.cli.conftest import Shell, fresh
from tests.cli.databases import (
    RECORDING,
    absolute,
    filled,
    states,
    whole,
)
from tests.store import released
from tests.store.release_rows import CONVERSATION, ORG
from tests.store.tracing import told
from tests.store.world import NOW, build

from duologue.store import (
    conversations,
    messages,
    schema,
    traces,
)
from duologue.store.database import unit


def test_a_backup_is_restored_with_all_that_was_in_it(shell: Shell, url: str) -> None:
    """Rows and recordings are there again, each table with the sum that it had."""
    folder = shell.folder / ".duologue" / "recordings"
    world = filled(url, recorded=folder)
    before = whole(url)
    made = shell("db", "backup", "kept.zip", "--recordings")
    assert "found whole" in made.out
    assert stat.S_IMODE((shell.folder / "kept.zip").stat().st_mode) == 0o600
    refused = shell("db", "restore", "kept.zip")
    assert (refused.code, "not empty" in refused.err) == (1, True)
    with unit(url) as conn:
        conversations.delete(conn, world.id, world.conversation.id)
    (folder / RECORDING).unlink()
    restored = shell("db", "restore", "kept.zip", "--force")
    assert "counts and sums agree" in restored.out
    assert whole(url) == before
    assert (folder / RECORDING).read_bytes() == b"sound" * 500
    with unit(url) as conn:
        build(conn, "later")  # whatever counts up goes on behind what was restored
        traces.put(conn, world.id, [told("2" * 32)], NOW)
    assert sorted(each.name for each in shell.folder.iterdir()) == [".duologue", "kept.zip"]


@pytest.mark.postgres
def test_either_database_restores_what_the_other_wrote(
    shell: Shell, postgres_server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQLite's backup fills PostgreSQL and that one's SQLite: nothing is lost on the way."""
    filled("sqlite:///.duologue/duologue.db")
    before = whole("sqlite:///.duologue/duologue.db")
    shell("db", "backup", "one.zip")
    url = fresh(postgres_server)
    monkeypatch.setenv("DUOLOGUE_DATABASE_URL", url)
    assert shell("db", "restore", "one.zip").code == 0
    assert whole(url) == before
    assert shell("db", "backup", "two.zip").code == 0
    monkeypatch.delenv("DUOLOGUE_DATABASE_URL")
    assert shell("db", "restore", "two.zip", "--data", "other").code == 0
    assert whole("sqlite:///other/duologue.db") == before


def test_the_backup_of_an_old_version_comes_up_in_this_one(shell: Shell, url: str) -> None:
    """The old database is left as it is, and the restored one goes on from it."""
    kind = url.partition(":")[0]
    released.fill(absolute(shell, url), released.FOLDER / f"0003.{kind}.sql")
    manifest = shell("db", "backup", "old.zip", "--json").json["manifest"]
    assert (manifest["schema"], manifest["tables"]["messages"]["rows"]) == ("0003", 3)
    assert "0003" in states(shell)["version"]["found"]
    told = shell("db", "restore", "old.zip", "--force")
    assert f"was at version 0003 and is at {schema.HEAD}" in told.out
    with unit(url) as conn:
        found = conversations.get(conn, ORG, CONVERSATION)
        assert found is not None
        assert found.state == {"cart": ["tea"]}


def test_a_backup_never_overwrites_by_itself(shell: Shell) -> None:
    """A file that is there stays, byte for byte, until --force."""
    filled("sqlite:///.duologue/duologue.db")
    (shell.folder / "kept.zip").write_text("precious")
    refused = shell("db", "backup", "kept.zip")
    assert (refused.code, "--force" in refused.err) == (1, True)
    assert (shell.folder / "kept.zip").read_text() == "precious"
    assert shell("db", "backup", "kept.zip", "--force").code == 0
    assert zipfile.is_zipfile(shell.folder / "kept.zip")


def test_a_backup_into_no_folder_is_refused(shell: Shell) -> None:
    """And leaves nothing behind."""
    filled("sqlite:///.duologue/duologue.db")
    answer = shell("db", "backup", "gone/kept.zip")
    assert (answer.code, "no such folder" in answer.err) == (1, True)


def spoil(path: Path, how: str) -> None:
    """A backup that is not what was written."""
    if how == "cut":
        path.write_bytes(path.read_bytes()[:-200])
        return
    if how == "none":
        path.write_text("no archive")
        return
    with zipfile.ZipFile(path) as archive:
        parts = {each: archive.read(each) for each in archive.namelist()}
    manifest = msgspec.json.decode(parts["manifest.json"])
    if how == "changed":
        parts["tables/messages.jsonl"] = parts["tables/messages.jsonl"].replace(b"Gott", b"Tod!")
    elif how == "fewer":
        parts["tables/page_views.jsonl"] = b""
    elif how == "without":
        del parts["manifest.json"]
    elif how == "newer":
        manifest["schema"] = "4242"
    elif how == "untold":
        del manifest["tables"]["page_views"]
    elif how == "columns":
        parts["tables/messages.jsonl"] = parts["tables/messages.jsonl"].replace(
            b'"role":', b'"part":'
        )
    elif how == "elsewhere":
        manifest["recordings"] = {"../../evil.ogg": 5}
        parts["recordings/../../evil.ogg"] = b"sound"
    if how in ("newer", "untold", "elsewhere"):
        parts["manifest.json"] = msgspec.json.encode(manifest)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
        if how == "encrypted":
            archive.filelist[-1].flag_bits |= 1


SPOILT = (
    *("cut", "none", "changed", "fewer", "without", "newer", "elsewhere", "missing"),
    *("encrypted", "columns", "untold"),
)


@pytest.mark.parametrize("how", SPOILT)
def test_a_spoilt_backup_changes_nothing(shell: Shell, url: str, how: str) -> None:
    """It is refused with its name or version, and every row stays, with --force, too."""
    filled(url)
    shell("db", "backup", "kept.zip")
    before = whole(url)
    name = "gone.zip" if how == "missing" else "kept.zip"
    if how != "missing":
        spoil(shell.folder / name, how)
    answer = shell("db", "restore", name, "--force")
    assert answer.code == 1
    assert ("4242" if how == "newer" else name) in answer.err
    assert "Traceback" not in answer.err
    assert whole(url) == before
    assert not list(shell.folder.parent.rglob("evil.ogg"))


def test_recordings_that_are_there_are_left_alone_if_they_are_whole(shell: Shell) -> None:
    """A damaged one is replaced, and each with --force; it is said what was not."""
    folder = shell.folder / ".duologue" / "recordings"
    filled("sqlite:///.duologue/duologue.db", recorded=folder)
    assert shell("db", "backup", "kept.zip", "--recordings").code == 0
    there = folder / RECORDING

    def restored(found: bytes, *options: str) -> tuple[bytes, list[str]]:
        (shell.folder / ".duologue" / "duologue.db").unlink()
        there.write_bytes(found)
        told = shell("db", "restore", "kept.zip", "--json", *options).json
        return there.read_bytes(), told["copied"]["left"]

    assert restored(b"S" * 2500) == (b"S" * 2500, [RECORDING])
    assert restored(b"cut") == (b"sound" * 500, [])
    assert restored(b"S" * 2500, "--force") == (b"sound" * 500, [])
    (shell.folder / ".duologue" / "duologue.db").unlink()
    told = shell("db", "restore", "kept.zip").out
    assert "0 recordings of" in told
    assert "1 recordings were in" in told
    assert [each.name for each in folder.iterdir()] == [RECORDING]


def test_a_backup_is_one_moment_while_others_write(shell: Shell, url: str) -> None:
    """Messages go on being written meanwhile: what is kept has each number once, none missing."""
    world = filled(url)
    stop = threading.Event()

    def write() -> None:
        while not stop.is_set():
            with unit(url) as conn:
                messages.append(
                    conn,
                    world.id,
                    conversation_id=world.conversation.id,
                    run_id=world.run.id,
                    session_id=None,
                    turn_id="t",
                    role="user",
                    kind="message",
                    text="More.",
                    now=NOW,
                )

    writer = threading.Thread(target=write)
    writer.start()
    try:
        for number in range(3):
            assert shell("db", "backup", f"{number}.zip").code == 0
    finally:
        stop.set()
        writer.join()
    for number in range(3):
        with zipfile.ZipFile(shell.folder / f"{number}.zip") as archive:
            said = rows_in(archive, "messages")
            (kept,) = rows_in(archive, "conversations")
        assert sorted(each["seq"] for each in said) == list(range(1, kept["next_seq"]))


def rows_in(archive: zipfile.ZipFile, table: str) -> list[dict[str, Any]]:
    """The rows of a table in a backup."""
    lines = archive.read(f"tables/{table}.jsonl").splitlines()
    return [msgspec.json.decode(each) for each in lines]
