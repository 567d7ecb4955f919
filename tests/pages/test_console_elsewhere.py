"""Runs of other programs, seen while they go on: in the list of what is live, and on their page."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from tests.pages.conftest import Opener
from tests.pages.console_gallery import go
from tests.pages.console_tabs import THERE
from tests.pages.tab import Tab
from tests.serving import House

from duologue.store import organizations, traces
from duologue.store.database import unit
from duologue.store.trace_records import SpanRow, TraceEntry, TraceRow, TraceStatus, TurnRow

pytestmark = pytest.mark.browser
S = 10**9


@pytest.fixture(scope="module")
def house(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server of which nobody else knows: no conversation of another test goes on in it."""
    with House(tmp_path_factory.mktemp("elsewhere") / "data", mode="dev") as running:
        yield running


class Worker:
    """A worker somewhere that tells of a call, which began ten seconds ago."""

    def __init__(self, house: House, number: int) -> None:
        self.trace = f"{number:032x}"
        self.run = f"run_{self.trace}"
        self._house = house
        self._began = time.time_ns() - 10 * S

    def tell(self, turns: int, status: TraceStatus = "active") -> None:
        """Tells all that there is so far, once more."""
        now = time.time_ns()
        rows: list[TraceEntry] = [
            TraceRow(
                trace=self.trace,
                source="insights",
                agent="far <away>",
                status=status,
                started_ns=self._began,
                ended_ns=None if status == "active" else now,
            )
        ]
        for index in range(turns):
            at = self._began + index * S
            rows += [
                TurnRow(
                    trace=self.trace,
                    index=index,
                    started_ns=at,
                    ended_ns=at + S,
                    user_text=f"Question {index}?",
                    agent_text=f"Answer {index}.",
                ),
                SpanRow(
                    trace=self.trace,
                    id=f"{index + 1:016x}",
                    name="llm_request",
                    kind="llm",
                    start_ns=at,
                    end_ns=at + S,
                    turn=index,
                ),
            ]
        with unit(f"sqlite:///{self._house.data}/duologue.db") as conn:
            own = organizations.get(conn, "default")
            assert own is not None
            traces.put(conn, own.id, rows, now // 10**6)


def entered(opener: Opener, house: House) -> Tab:
    """A tab that is signed in as a viewer."""
    tab = opener(house)
    login = ("console", "login", "--url", house.url, "--role", "viewer")
    go(tab, house.command(*login)["url"])
    tab.ask("click", selector="main button")
    tab.wait(f"location.pathname === '/console' && {THERE}")
    return tab


def test_a_run_elsewhere_comes_grows_and_goes(opener: Opener, house: House) -> None:
    """In the list of what is live, without a press; it leads to its page, and has no buttons."""
    tab = entered(opener, house)
    go(tab, "/console/live")
    tab.wait("document.querySelector('[data-line]').innerText === 'Connected'")
    assert tab.shows(".empty")
    far = Worker(house, 0xE15E)
    far.tell(1)
    row = f"[data-run={far.run}]"
    tab.wait(f"document.querySelector('{row}') !== null")
    assert not tab.shows(".empty")
    assert tab.text(f"{row} a") == "far <away>"
    assert tab.text(f"{row} .agent") == "told by insights"
    assert tab.text(f"{row} [data-name=turns]") == "1"
    assert tab.run("document.querySelectorAll('main button').length") == 0
    assert tab.violations() == []
    tab.run(f"document.querySelector('{row} a').focus()")
    far.tell(3)
    tab.wait(f"document.querySelector('{row} [data-name=turns]').innerText === '3'")
    assert tab.run(f"document.activeElement.closest('{row}') !== null"), "the focus stays"
    tab.reload()
    assert tab.text(f"{row} [data-name=turns]") == "3"
    far.tell(3, "complete")
    tab.wait(f"document.querySelector('{row}') === null")
    assert tab.shows(".empty")


def test_the_page_of_a_run_that_goes_on_keeps_itself_up_to_date(
    opener: Opener, house: House
) -> None:
    """Turns and steps come by themselves, where somebody reads stays, and the end stands there."""
    far = Worker(house, 0xE15F)
    far.tell(0)
    tab = entered(opener, house)
    go(tab, f"/console/traces/{far.run}")
    assert "It goes on" in tab.text("#said .empty")
    far.tell(2)
    tab.wait("document.querySelector('#turn-1') !== null")
    assert "Answer 1." in tab.text("#turn-1")
    tab.wait("document.querySelectorAll('.lane.llm a').length === 2")
    assert tab.violations() == []
    marks = "document.querySelectorAll('.lane.llm a').length"
    tab.ask("click", selector="#turn-1 .agent bdi")
    at = "document.querySelector('.ruler').getAttribute('aria-valuenow')"
    assert tab.run(at) == "1"
    far.tell(4)
    tab.wait(f"{marks} === 4")
    assert tab.run(at) == "1", "who looks at a moment still does"
    assert tab.run("document.querySelectorAll('.controls').length") == 1
    tab.run("document.querySelector('.lane.llm a').focus()")
    tab.press("Enter")
    tab.wait("document.querySelector('.drawer h2') !== null")
    far.tell(5)
    tab.press("Escape")
    tab.run("document.activeElement.blur()")
    tab.wait(f"{marks} === 5")
    far.tell(5, "complete")
    tab.wait("document.querySelector('.sum .pill').innerText === 'complete'")
    assert tab.run("document.querySelector('[data-active]') === null")
