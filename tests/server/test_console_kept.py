"""What is kept, in the console: how much, for how long, and away with what is old."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update
from tests.server.console import tell
from tests.server.manor import Guest, Manor, manor

from duologue.store import agents, kept, organizations
from duologue.store.tables import traces

# Litestar 2.25 warns of names that 2.20, which we also run on, has no others for.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
PAGE = "/console/kept"
DAY_MS = 86_400_000


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Manor]:
    """A house with three runs, the first ten days old, and one of others that is as old."""
    with manor(tmp_path / "data", trace_days=14) as made:
        others = made.unit(organizations.create, slug="rivals", name="Rivals", now=0)
        old = [made.unit(tell, made.org_id, 1), made.unit(tell, others.id, 9)]
        made.unit(tell, made.org_id, 2)
        made.unit(tell, made.org_id, 3, agent="bar")
        made.unit(
            lambda conn: conn.execute(
                update(traces)
                .where(traces.c.id.in_(old))
                .values(started_at=traces.c.started_at - 10 * DAY_MS)
            )
        )
        made.unit(lambda conn: conn.execute(update(traces).values(bytes=2_000_000)))
        yield made


@pytest.fixture
def owner(house: Manor) -> Guest:
    """An owner."""
    return house.enter()


def left(house: Manor, slug: str = "default") -> dict[str, int]:
    """How many runs of each agent are kept."""
    found = house.unit(organizations.get, slug)
    assert found is not None
    return {each.agent: each.traces for each in house.unit(kept.of, found.id).agents}


def test_it_says_how_much_of_whom_and_for_how_long(owner: Guest) -> None:
    """By agent, with what the settings forget by themselves."""
    shown = owner.page(PAGE)
    assert '<td class="number">2</td><td class="number">4.0 MB</td>' in shown
    assert "14 days <code>trace_days</code>" in shown
    assert "any room <code>trace_megabytes</code>" in shown
    assert "until their conversation is deleted <code>conversation_days</code>" in shown


def test_agents_with_a_rule_of_their_own_are_named(tmp_path: Path) -> None:
    """By definition or by table; what neither says is as with all, and strangers are not told."""
    tables: dict[str, dict[str, Any]] = {
        "bar": {"trace_days": 1, "conversation_days": 0},
        "pool": {"trace_megabytes": 5},
        "desk": {"trace_megabytes": 0},
    }
    with manor(
        tmp_path / "data", trace_days=14, trace_megabytes=900, conversation_days=30, agents=tables
    ) as made:
        made.unit(tell, made.org_id, 1, agent="bar")
        made.unit(
            agents.put,
            made.org_id,
            slug="desk",
            name="",
            definition='{"trace_days": 3, "trace_megabytes": 7}',
            source="",
            now=0,
            publish=True,
        )
        shown = made.enter("viewer").page(PAGE)
    rules = re.findall(
        r"<tr><td><a [^>]+>([^<]+)</a></td><td([^/]+)</td><td([^/]+)</td><td([^/]+)</td></tr>",
        shown,
    )
    assert rules == [
        ("bar", ">1 day", ' class="none">900 MB, as all', ">never"),
        ("desk", ">3 days", ">any", ' class="none">30 days, as all'),
    ]
    assert "<code>[agents.NAME]</code>" in shown
    assert "30 days without use <code>conversation_days</code>" in shown


def test_no_agent_has_a_rule_of_its_own(owner: Guest) -> None:
    """Then where one would have it is said, all the same."""
    shown = owner.page(PAGE)
    assert "None: all are kept alike." in shown
    assert "<code>[agents.NAME]</code>" in shown


def test_what_is_old_is_forgotten(house: Manor, owner: Guest) -> None:
    """Of this organization alone; how much it was is said."""
    assert "1 run forgotten" in owner.follow(f"{PAGE}/older", days="9")
    assert left(house) == {"desk": 1, "bar": 1}
    assert left(house, "rivals") == {"desk": 1}
    assert "There was nothing to forget" in owner.follow(f"{PAGE}/older", days="9")


def test_the_oldest_of_what_is_too_large_are_forgotten(house: Manor, owner: Guest) -> None:
    """Agent by agent."""
    assert "1 run forgotten" in owner.follow(f"{PAGE}/larger", megabytes="2")
    assert left(house) == {"desk": 1, "bar": 1}
    assert "2 runs forgotten" in owner.follow(f"{PAGE}/larger", megabytes="1")
    assert "No run is kept" in owner.page(PAGE)
    assert left(house, "rivals") == {"desk": 1}


@pytest.mark.parametrize("text", ["", "0", "-1", "soon", "1.5", "9" * 40, "٣"])
def test_what_is_no_number_is_told_beside_it(house: Manor, owner: Guest, text: str) -> None:
    """Nothing is forgotten."""
    for deed, field in (("older", "days"), ("larger", "megabytes")):
        filled: dict[str, Any] = {field: text}
        shown = owner.refused(f"{PAGE}/{deed}", **filled)
        assert "cannot be; write a whole number from 1 to 1,000,000" in shown
        assert 'aria-invalid="true"' in shown
    assert left(house) == {"desk": 2, "bar": 1}


def test_viewers_see_it_and_forget_nothing(house: Manor) -> None:
    """No form but the one to sign out."""
    assert house.enter("viewer").page(PAGE).count("<form") == 1
