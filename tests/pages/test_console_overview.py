"""The overview as a person meets it: figures, plots that tell values, alerts that are made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from tests.pages.conftest import Opener
from tests.pages.console_tabs import THERE
from tests.pages.tab import Tab
from tests.pages.test_console_pages import SIZES, go
from tests.server.console import tell
from tests.serving import House

from duologue.store import organizations
from duologue.store.database import unit

pytestmark = pytest.mark.browser
WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def seen(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server at which some were talked to, two hours ago."""
    with House(tmp_path_factory.mktemp("seen") / "data", mode="dev") as house:
        with unit(f"sqlite:///{house.data}/duologue.db") as conn:
            own = organizations.get(conn, "default")
            assert own is not None
            for number in range(30):
                tell(conn, own.id, number, agent="desk" if number % 3 else "far")
        yield house


def enter(tab: Tab, house: House) -> None:
    """Signs in."""
    go(tab, house.command("console", "login", "--url", house.url)["url"])
    tab.ask("click", selector="main button")
    tab.wait("location.pathname === '/console' && document.readyState === 'complete'")


@pytest.mark.parametrize("size", SIZES, ids=("desktop", "phone"))
def test_the_overview_is_clean_wherever_one_looks(
    opener: Opener, seen: House, size: dict[str, int]
) -> None:
    """Figures, plots and tables, to axe-core too; nothing is wider than the page."""
    tab = opener(seen, viewport=size)
    enter(tab, seen)
    for path in ("/console/overview", "/console/overview?days=90&agent=desk"):
        go(tab, path)
        assert tab.run("document.querySelectorAll('.plot .line, .plot rect').length") > 10
        assert tab.violations() == []
        main = "document.querySelector('main').getBoundingClientRect().right"
        assert tab.run(f"{main} <= document.documentElement.clientWidth")
        assert not tab.run(WIDE)
    tab.run("document.querySelector('details.all').open = true")
    assert tab.violations() == []
    assert not tab.run(WIDE)


def test_plots_tell_their_values_and_lead_on(opener: Opener, seen: House) -> None:
    """Under the pointer on every plot at once; a press leads to the conversations of that time."""
    tab = opener(seen, viewport=SIZES[0])
    enter(tab, seen)
    go(tab, "/console/overview?agent=desk")
    found: Any = tab.run(
        """(() => {
        const rows = [...document.querySelectorAll('#pieces tbody tr')].reverse();
        const at = rows.findIndex((row) => row.querySelector('th a'));
        const chart = document.querySelector('.plot.turns svg.chart');
        const box = chart.getBoundingClientRect();
        const clientX = box.left + box.width * (at + 0.5) / rows.length;
        const told = { bubbles: true, clientX, clientY: box.top + 20 };
        chart.dispatchEvent(new PointerEvent('pointermove', told));
        return { turns: rows[at].querySelectorAll('td')[1].textContent,
          name: rows[at].querySelector('th').textContent,
          tip: document.querySelector('.plot.turns .tip').textContent,
          hairs: [...document.querySelectorAll('.hair')].filter((one) => !one.hidden).length,
          tips: [...document.querySelectorAll('.tip')].filter((one) => !one.hidden).length,
          plots: document.querySelectorAll('.plot').length, x: clientX, y: box.top + 20 };
        })()"""
    )
    assert found["tip"] == f"{found['name']}turns {found['turns']}"
    assert (found["hairs"], found["tips"]) == (found["plots"], 1)
    gone = """(() => {
        const chart = document.querySelector('.plot.turns svg.chart');
        chart.dispatchEvent(new PointerEvent('pointerleave'));
        return [...document.querySelectorAll('.hair, .tip')].every((one) => one.hidden);
        })()"""
    assert tab.run(gone)
    told = f"{{ bubbles: true, clientX: {found['x']}, clientY: {found['y']} }}"
    chart = "document.querySelector('.plot.turns svg.chart')"
    tab.run(f"{chart}.dispatchEvent(new MouseEvent('click', {told}))")
    tab.wait("location.pathname === '/console' && document.readyState === 'complete'")
    assert tab.run("location.search").startswith("?agent=desk&since=")
    shown = tab.run("document.querySelectorAll('.list tbody tr').length")
    assert str(shown) == found["turns"]  # each has one turn


def test_an_alert_is_made_by_keys_and_deleted(opener: Opener, seen: House) -> None:
    """What was wrong stays in the form, and is said."""
    tab = opener(seen, viewport=SIZES[1])
    enter(tab, seen)
    go(tab, "/console/overview")
    tab.run("document.querySelector('[name=threshold]').value = '1'")
    tab.run("document.querySelector('[name=measure]').value = 'lost'")
    tab.run("document.querySelector('[name=webhook]').value = 'https://10.0.0.1/in'")
    tab.run("document.querySelector('form.alert button').focus()")
    tab.expected.append(r".*400.*")
    tab.ask("press", key="Enter")
    tab.wait(f"{THERE} && document.querySelector('form.alert [role=alert]') !== null")
    assert "not a public address" in tab.text("form.alert [role=alert]")
    assert tab.run("document.querySelector('[name=webhook]').value") == "https://10.0.0.1/in"
    assert tab.violations() == []
    tab.run("document.querySelector('[name=webhook]').value = ''")
    tab.run("document.querySelector('form.alert button').focus()")
    tab.ask("press", key="Enter")
    tab.wait(f"{THERE} && document.querySelector('.rules') !== null")
    assert "Lost conversations at 1 or more, within an hour" in tab.text(".rules")
    assert tab.violations() == []
    assert not tab.run(WIDE)
    tab.run("document.querySelector('.deeds form:last-child button').focus()")
    tab.ask("press", key="Enter")
    alerts, rules = (f"document.querySelector('{one}')" for one in ("#alerts", ".rules"))
    tab.wait(f"{THERE} && {alerts} !== null && {rules} === null")
