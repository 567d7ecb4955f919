"""The balance in the console: shown, topped up, set; and who used it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.server.manor import Guest, Manor, agent, manor

from duologue.server.serve import now_ms
from duologue.store import agents, organizations, usage
from duologue.store.usage import DAY_MS

# Litestar 2.25 warns of names that 2.20, which we also run on, has no others for.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
PAGE = "/console/balance"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Manor]:
    """A house with two agents."""
    with manor(tmp_path / "data", agent("desk"), agent("bar")) as made:
        yield made


@pytest.fixture
def owner(house: Manor) -> Guest:
    """An owner."""
    return house.enter()


def balance(house: Manor) -> int | None:
    """What there is."""
    found = house.unit(organizations.get, house.org_id)
    assert found is not None
    return found.balance_micros


def test_credit_is_added_and_every_change_is_shown(house: Manor, owner: Guest) -> None:
    """An unlimited balance becomes metered; set exactly, it may be unlimited again."""
    assert "unlimited" in owner.page(PAGE)
    assert "25.50" in owner.follow(f"{PAGE}/credit", amount="25.50", note="first <one>")
    assert "1,025.50" in owner.follow(f"{PAGE}/credit", amount="1,000", note="")
    shown = owner.follow(f"{PAGE}/set", amount="3", note="less")
    assert '<p class="large">3.00</p>' in shown
    assert "-1,022.50" in shown
    assert "first &lt;one&gt;" in shown
    assert "used up" in owner.follow(f"{PAGE}/set", amount="0", note="")
    assert balance(house) == 0
    owner.send(f"{PAGE}/set", amount="Unlimited", note="")
    assert balance(house) is None


@pytest.mark.parametrize(
    ("deed", "amount", "words"),
    [
        ("credit", "much", "&#39;much&#39; is no amount; write a number from 0 to 1,000,000,000"),
        ("credit", "-5", "&#39;-5&#39; is no amount"),
        ("credit", "0", "Nothing is added by it; write a number above 0"),
        ("credit", "unlimited", "&#39;unlimited&#39; is no amount"),
        ("set", "", "&#39;&#39; is no amount"),
    ],
)
def test_what_is_no_amount_is_told_beside_it(
    house: Manor, owner: Guest, deed: str, amount: str, words: str
) -> None:
    """With what was filled in; nothing changes."""
    shown = owner.refused(f"{PAGE}/{deed}", amount=amount, note="keep me")
    assert words in shown
    assert f'value="{amount}"' in shown
    assert 'value="keep me"' in shown
    assert "It has 300 letters" in owner.refused(f"{PAGE}/{deed}", amount="1", note="x" * 300)
    assert balance(house) is None


def test_usage_is_drawn_day_by_day(house: Manor, owner: Guest) -> None:
    """The agent that was used most first; a day's bar is as high as its share of the tallest."""
    now = now_ms()
    ids = {each.slug: each.id for each in house.unit(agents.all, house.org_id)}
    for number, (slug, days, minutes) in enumerate(
        [("desk", 0, 30), ("bar", 0, 10), ("desk", 3, 20), ("bar", 40, 600)]
    ):
        tick = (house.org_id, f"sess_{number}", "run_x", ids[slug], minutes * 60_000, 500_000)
        house.unit(usage.meter, [tick], now - days * DAY_MS)
    shown = owner.page(PAGE)
    assert "Minutes a day, 40 min at most" in shown
    assert 'height="112.5"' in shown  # 30 of 40 minutes
    assert 'height="75.0"' in shown  # 20 of 40
    assert shown.index(">desk</a>") < shown.index(">bar</a>")
    assert '<td class="number">50 min</td><td class="number">1.00</td>' in shown
    assert "10.0 h" in owner.page(f"{PAGE}?time=quarter")
    assert "it may be week, month, quarter" in owner.page(f"{PAGE}?time=year", 400)


def test_viewers_see_it_and_change_nothing(house: Manor) -> None:
    """No form but the one to sign out."""
    assert house.enter("viewer").page(PAGE).count("<form") == 1
