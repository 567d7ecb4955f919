"""`duologue visitors`."""

from __future__ import annotations

import io

import pytest
from tests.cli.conftest import Shell
from tests.store.visiting import OTHER, VISITOR, batch, click, identified, page, spent
from tests.store.world import NOW, build

from duologue.store import organizations, visits
from duologue.store.database import unit


@pytest.fixture
def told(shell: Shell) -> str:
    """A visitor who saw two pages and clicked."""
    first = page("/", NOW - 9000)
    events = (first, spent(first, 8000), page("/rooms"), click("book", at=NOW + 60_000))
    with unit(f"sqlite:///{shell.folder / '.duologue' / 'duologue.db'}") as conn:
        owner = organizations.get(conn, "default")
        assert owner is not None
        whole = batch(*events, identified("u1", plan="[bold]gold"), sent_at=NOW + 60_000)
        visits.record(conn, owner.id, whole, NOW + 60_000)
    return VISITOR


def test_a_visitor_is_shown_newest_first(shell: Shell, told: str) -> None:
    """In words, where brackets are text, and in JSON."""
    lines = shell("visitors", "show", told).out.splitlines()
    assert lines[0].startswith(f"{told}: 1 visits, 2023-")
    assert lines[1:3] == ["user: u1", "trait plan: [bold]gold"]
    assert [line.split("  ", 1)[1] for line in lines[3:]] == [
        "click: book",
        "/rooms  0 s",
        "/  8 s",
    ]
    found = shell("visitors", "show", told, "--json").json
    assert (found["user_id"], len(found["pages"]), len(found["events"])) == ("u1", 2, 1)


def test_what_a_page_tells_orders_no_terminal_about(shell: Shell, told: str) -> None:
    """A browser writes what it likes; whoever reads it sees signs, and JSON has it as it came."""
    with unit(f"sqlite:///{shell.folder / '.duologue' / 'duologue.db'}") as conn:
        owner = organizations.get(conn, "default")
        assert owner is not None
        visits.record(conn, owner.id, batch(click("\x1b]0;root\x07\x9b2J")), NOW)
    shown = shell("visitors", "show", told).out
    assert "click: \ufffd]0;root\ufffd\ufffd2J" in shown
    events = shell("visitors", "show", told, "--json").json["events"]
    assert "\x1b]0;root\x07\x9b2J" in [each["name"] for each in events]


def test_deleting_asks_or_is_told_and_forgets_everything(
    shell: Shell, told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Programs must say --yes, people are asked; afterwards nothing is left."""
    assert shell("visitors", "delete", told, "--json").code == 2
    monkeypatch.setattr("sys.stdin", io.StringIO("n\n"))
    assert shell("visitors", "delete", told).code == 130
    assert shell("visitors", "show", told).code == 0
    gone = shell("visitors", "delete", told, "--yes", "--json").json
    counts = {"visits": 1, "pages": 2, "events": 1, "conversations": 0, "traces": 0}
    assert gone == {"id": told, "forgotten": 0} | counts
    for command in (("show", told), ("delete", told, "--yes")):
        answer = shell("visitors", *command)
        assert answer.code == 1
        assert told in answer.err


def test_people_are_told_how_much_was_forgotten(shell: Shell, told: str) -> None:
    """In one sentence; and a stranger's id is an error that names it."""
    answer = shell("visitors", "delete", told, "--yes")
    assert "1 visits, 2 pages, 1 events, 0 traces; conversations: 0 unlinked." in answer.out
    assert OTHER in shell("visitors", "show", OTHER).err


def test_people_are_told_what_became_of_the_words(shell: Shell, told: str) -> None:
    """Where they were to go, how many went."""
    answer = shell("visitors", "delete", told, "--yes", "--words")
    assert "0 traces; conversations: 0 forgotten." in answer.out


@pytest.mark.parametrize(("words", "shown"), [((), 0), (("--words",), 1)])
def test_the_words_of_a_visitor_are_kept_or_forgotten(
    shell: Shell, words: tuple[str, ...], shown: int
) -> None:
    """Without `--words` a conversation loses its link only; nobody else's is touched."""
    with unit(f"sqlite:///{shell.folder / '.duologue' / 'duologue.db'}") as conn:
        inn, other = build(conn, "inn"), build(conn, "other")
        for each in (inn, other):
            visits.record(conn, each.id, batch(page("/")), NOW)
            visits.link(conn, each.id, each.conversation.id, VISITOR, NOW)
    gone = shell("visitors", "delete", VISITOR, "--yes", "--org", "inn", "--json", *words).json
    assert (gone["conversations"], gone["forgotten"]) == (1 - shown, shown)
    assert shell("conversations", "show", inn.conversation.id, "--org", "inn").code == shown
    assert shell("conversations", "show", other.conversation.id, "--org", "other").code == 0
    assert other.conversation.id in shell("visitors", "show", VISITOR, "--org", "other").out
