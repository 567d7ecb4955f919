"""`duologue keys`."""

from __future__ import annotations

import pytest
import typer
from sqlalchemy import Connection
from tests.cli.conftest import Shell

from duologue.access import keys as doorkeeper
from duologue.cli.times import expiry, now
from duologue.errors import DuologueError
from duologue.store import agents, organizations
from duologue.store.database import unit


def opened(shell: Shell) -> str:
    """The address of the shell's database."""
    return f"sqlite:///{shell.folder / '.duologue' / 'duologue.db'}"


def with_agent(shell: Shell) -> str:
    """The id of a new agent `desk`."""
    with unit(opened(shell)) as conn:
        owner = organizations.get(conn, "default")
        assert owner is not None
        return agents.put(
            conn,
            owner.id,
            slug="desk",
            name="Desk",
            definition='{"slug":"desk"}',
            source="desk.py",
            now=1,
            publish=False,
        ).id


def authenticated(conn: Connection, text: str) -> str | None:
    """The id of the key that a text opens."""
    return doorkeeper.authenticate(conn, text, now()).key_id


def test_a_secret_key_is_shown_once_and_opens(shell: Shell) -> None:
    """The answer holds the key, the list does not, and nothing holds its hash."""
    made = shell("keys", "create", "--kind", "secret", "--name", "back end", "--json").json
    assert made["key"].startswith("dk_secret_")
    assert (made["kind"], made["name"], made["scopes"]) == (
        "secret",
        "back end",
        ["sessions", "read"],
    )
    listed = shell("keys", "list", "--json")
    assert [each["id"] for each in listed.json] == [made["id"]]
    assert made["key"] not in listed.out
    assert "hash" not in listed.json[0]
    assert "hash" not in made
    with unit(opened(shell)) as conn:
        assert authenticated(conn, made["key"]) == made["id"]


def test_a_public_key_opens_one_agent_from_its_origins(shell: Shell) -> None:
    """Agent and origins are kept as they are compared."""
    agent_id = with_agent(shell)
    made = shell(
        *("keys", "create", "--kind", "public", "--agent", "desk", "--json"),
        *("--origin", "https://a.example", "--origin", "http://localhost:3000"),
    ).json
    assert made["key"].startswith("dk_public_")
    assert made["agent_id"] == agent_id
    assert made["origins"] == ["https://a.example", "http://localhost:3000"]
    assert "desk" in shell("keys", "list").out


def test_more_pages_may_use_a_public_key(shell: Shell) -> None:
    """The command that a refused page is told; it tells what the key opens now."""
    with_agent(shell)
    made = shell(
        *("keys", "create", "--kind", "public", "--agent", "desk", "--json"),
        *("--origin", "https://a.example"),
    ).json
    assert (
        "https://a.example, https://b.example"
        in shell("keys", "allow", made["id"], "https://b.example").out
    )
    after = shell("keys", "allow", made["id"], "https://b.example", "--json").json
    assert after["origins"] == ["https://a.example", "https://b.example"]
    assert "hash" not in after
    nonsense = shell("keys", "allow", made["id"], "b.example")
    assert (nonsense.code, "is not an origin" in nonsense.err) == (1, True)


def test_a_revoked_key_opens_nothing(shell: Shell) -> None:
    """It stays in the list, void."""
    made = shell("keys", "create", "--kind", "secret", "--json").json
    assert "is void since" in shell("keys", "revoke", made["id"]).out
    assert shell("keys", "revoke", made["id"], "--json").json["revoked_at"] is not None
    assert "revoked" in shell("keys", "list").out
    with unit(opened(shell)) as conn, pytest.raises(DuologueError, match="revoked"):
        authenticated(conn, made["key"])


def test_people_get_the_key_and_a_warning(shell: Shell) -> None:
    """The key stands alone on a line, so that it can be copied."""
    answer = shell("keys", "create", "--kind", "secret", "--scope", "admin", "--expires", "30d")
    assert answer.out.splitlines()[0].startswith("dk_secret_")
    assert "shown once" in answer.out
    table = shell("keys", "list").out
    assert "admin" in table
    assert "valid" in table


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--kind", "public"], "--agent"),
        (["--kind", "public", "--agent", "nobody", "--origin", "https://a.example"], "nobody"),
        (["--kind", "secret", "--scope", "everything"], "everything"),
        (["--kind", "secret", "--org", "nobody"], "nobody"),
    ],
)
def test_what_makes_no_sense_is_refused_and_nothing_is_made(
    shell: Shell, arguments: list[str], words: str
) -> None:
    """A refusal names the value, and leaves no key behind."""
    answer = shell("keys", "create", *arguments)
    assert answer.code == 1
    assert words in answer.err
    assert "No keys yet" in shell("keys", "list").out


def test_a_key_that_is_not_there_cannot_be_revoked(shell: Shell) -> None:
    """The unknown id is named."""
    answer = shell("keys", "revoke", "key_x")
    assert (answer.code, "key_x" in answer.err) == (1, True)


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("45m", 45 * 60_000),
        ("12h", 12 * 3_600_000),
        ("30d", 30 * 86_400_000),
        ("2w", 14 * 86_400_000),
        ("1970-01-02", 86_400_000),
        ("1970-01-01T01:00:00+00:30", 1_800_000),
    ],
)
def test_an_expiry_is_a_span_or_a_date(text: str, end: int) -> None:
    """Spans count from now, dates without a zone are UTC."""
    assert expiry(text, 0) == end


@pytest.mark.parametrize("text", ["", "soon", "30", "30y", "1969-01-01", "0d", "9999-99-99"])
def test_any_other_expiry_is_a_usage_error(text: str) -> None:
    """Neither words nor the past are taken."""
    with pytest.raises(typer.BadParameter, match="--expires"):
        expiry(text, 0)


def test_a_rotated_key_is_told_with_the_end_of_the_old_one(shell: Shell) -> None:
    """Both are good until then; without an overlap the old one is void."""
    first = shell("keys", "create", "--kind", "secret", "--scope", "read", "--json").json
    second = shell("keys", "rotate", first["id"], "--overlap", "2h", "--json").json
    assert second["before"]["id"] == first["id"]
    assert second["before"]["expires_at"] - second["created_at"] == 7_200_000
    with unit(opened(shell)) as conn:
        for made in (first, second):
            assert authenticated(conn, made["key"])
    told = shell("keys", "rotate", second["id"], "--overlap", "0m").out
    assert told.startswith("dk_secret_")
    assert f"It stands for {second['id']}, which ends: now." in told
    assert f"It stands for {first['id']}" in shell("keys", "rotate", first["id"]).out
    wrong = shell("keys", "rotate", first["id"], "--overlap", "soon")
    assert (wrong.code, "--overlap 'soon' is no span" in wrong.err) == (2, True)
    assert "key_x" in shell("keys", "rotate", "key_x").err
