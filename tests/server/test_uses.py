"""When a key was last used."""

from __future__ import annotations

from tests.server.conftest import Desk, last_used


def test_a_key_that_only_reads_counts_as_used(desk: Desk) -> None:
    """A key that may not read was used, too: its owner sees that somebody has it."""
    reads, works = (
        desk.house.command("keys", "create", "--kind", "secret", "--scope", scope)
        for scope in ("read", "ingest")
    )
    assert last_used(desk, reads["id"]) is None
    assert desk.ask("GET", "/v1/conversations", reads["key"]).status_code == 200
    assert desk.ask("GET", "/v1/conversations", works["key"]).status_code == 403
    assert last_used(desk, reads["id"]) is not None
    assert last_used(desk, works["id"]) is not None
