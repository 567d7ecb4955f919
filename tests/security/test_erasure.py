"""Who wants to be forgotten is: in every table, and in every file."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.security.estate import MARK, Estate, estate
from tests.store.visiting import VISITOR

from duologue.pipeline.archive import Archive
from duologue.store import messages, recordings

# Litestar 2.25 warns of names that 2.20, which we also run on, has no others for.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    """Two organizations on one server; a visitor of the other one talked and was recorded."""
    with estate(tmp_path_factory.mktemp("erasure")) as made:
        yield made


def test_a_visitor_is_forgotten_to_the_last_file(house: Estate) -> None:
    """By one request of an owner: pages, traits, words, sessions, feedback, traces, sound."""
    org, talk = house.org, house.theirs["conversation"]
    _link(house)
    assert house.house.unit(messages.of, org, talk)
    sound = house.house.host.settings.recordings / "a.ogg"
    assert sound.exists()
    key = house.key(org, ["admin"])
    path = f"/api/visitors/{VISITOR}?words=true"
    stranger = house.ask("DELETE", path, house.key())
    assert (stranger.status_code, sound.exists()) == (404, True)
    answer = house.ask("DELETE", path, key)
    assert answer.status_code == 200, answer.text
    assert answer.json() | {"events": 0} == {
        "id": VISITOR,
        "visits": 1,
        "pages": 1,
        "events": 0,
        "conversations": 0,
        "traces": 0,
        "forgotten": 1,
    }  # that went with their conversation
    left = house.everything()
    for table in (
        *("visitors", "visits", "page_views", "visitor_events", "conversations", "sessions"),
        *("messages", "feedback"),
    ):
        assert left[table] == [], table
    told = {name: rows for name, rows in left.items() if any(VISITOR in row for row in rows)}
    assert told == {}
    assert not any(talk in row for rows in left.values() for row in rows)
    house.house.run(Archive(house.house.host.db, house.house.host.shelf).tidy())
    assert not sound.exists()
    assert house.everything()["recordings"] == []


def test_without_words_the_words_stay_and_are_nobodys(house: Estate) -> None:
    """Their traces and sound go all the same."""
    org, talk = house.org, house.theirs["conversation"]
    _link(house)
    answer = house.ask("DELETE", f"/api/visitors/{VISITOR}", house.key(org, ["admin"]))
    assert answer.json()["conversations"] == 1
    assert house.house.unit(messages.of, org, talk)[0].text == f"Who is {MARK}?"
    assert house.house.unit(recordings.of, org, house.theirs["run"]) == []
    assert not any(VISITOR in row for rows in house.everything().values() for row in rows)


def _link(house: Estate) -> None:
    """The trace is the visitor's, as a run of theirs is."""
    from sqlalchemy import update

    from duologue.store.trace_tables import traces

    house.house.unit(
        lambda conn: conn.execute(
            update(traces).where(traces.c.id == house.theirs["run"]).values(visitor_id=VISITOR)
        )
    )
