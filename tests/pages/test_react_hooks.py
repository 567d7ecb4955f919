"""`useLiveKitSession` in a browser: one session in StrictMode, another one for another agent."""

from __future__ import annotations

import json

import pytest
from tests.pages.react_fixtures import ReactOpener, ledger, shop, visit
from tests.pages.react_tab import Ledger

__all__ = ["ledger", "shop", "visit"]

pytestmark = pytest.mark.browser

VERSIONS = pytest.mark.parametrize("react", ["18", "19"])
"""The same page, built with each React that the package is for."""
CONNECTED = "document.querySelector('#line')?.textContent === 'connected'"


@VERSIONS
def test_an_effect_that_connects_connects_once(
    visit: ReactOpener, ledger: Ledger, react: str
) -> None:
    """StrictMode runs it twice, and the server has one session."""
    tab = visit("react-parts", react=react, shows="connecting")
    tab.wait(CONNECTED)
    tab.wait("shown.renders >= 0")
    assert len(ledger.sessions) == 1
    assert len({frame.socket for frame in tab.frames}) == 1


@VERSIONS
def test_another_agent_is_another_session(visit: ReactOpener, ledger: Ledger, react: str) -> None:
    """A changed `agentId` closes the old session and makes a new one; the new one waits."""
    tab = visit("react-parts", react=react, shows="hooks")
    tab.wait("shown.session?.session != null")
    tab.run("shown.session.connect().then(() => null)")
    tab.wait("shown.session.transcript.some(one => one.text.includes('corner'))")
    tab.run("shown.set({ agentId: 'other' })")
    tab.wait("shown.sessions.length === 2 && shown.session.agentId === 'other'")
    assert tab.run("[shown.session.connectionState, shown.session.transcript.length]") == [
        "idle",
        0,
    ]
    tab.until(lambda: ledger.sessions[0]["state"] == "ended", "the end of the first session")
    tab.run("shown.session.connect().then(() => null)")
    tab.wait("shown.session.transcript.some(one => one.text.includes('Another'))")
    assert len(ledger.conversations) == 2


def test_each_change_is_a_new_object_with_the_same_functions(visit: ReactOpener) -> None:
    """What a `useMemo` on the session would see, and what an effect on `connect` would not."""
    tab = visit("react-parts", shows="hooks")
    tab.wait("shown.session?.session != null")
    tab.run("window.first = shown.session, null")
    tab.run("first.connect().then(() => null)")
    tab.wait("shown.session.connectionState === 'connected'")
    names = "['connect', 'disconnect', 'sendText', 'sendData', 'getRoom', 'publishMicrophone']"
    assert tab.run("shown.session !== first")
    assert tab.run(f"{names}.every(name => shown.session[name] === first[name])")
    assert tab.run("Object.isFrozen(shown.session)")
    tab.wait("shown.session.agentState === 'listening'")
    once = "new Promise(done => { const before = shown.renders; shown.set({});"
    once += " setTimeout(() => done(shown.renders - before), 100); })"
    # What the agent does meanwhile is drawn, too; in a quiet moment nothing changes but the parent.
    tab.until(lambda: tab.run(once) <= 2, "a quiet moment")


def test_a_body_that_is_written_anew_keeps_the_session(visit: ReactOpener, ledger: Ledger) -> None:
    """`sessionBody` is another object at each render, and reaches the record."""
    tab = visit("react-parts", shows="hooks")
    tab.wait("shown.session?.session != null")
    tab.run("shown.session.connect().then(() => null)")
    tab.wait("shown.session.connectionState === 'connected'")
    tab.run("shown.set({ baseUrl: shown.session.baseUrl })")
    assert tab.run("shown.sessions.length") == 1
    assert json.loads(ledger.sessions[0]["metadata"]) == {"plan": "gold"}


@VERSIONS
def test_who_goes_hangs_up(visit: ReactOpener, ledger: Ledger, react: str) -> None:
    """A component that is taken away for good closes its session."""
    tab = visit("react-parts", react=react, shows="hooks")
    tab.wait("shown.session?.session != null")
    tab.run("shown.session.connect().then(() => null)")
    tab.wait("shown.session.connectionState === 'connected'")
    tab.run("shown.set({ shows: 'nothing' })")
    tab.until(lambda: ledger.sessions[0]["state"] == "ended", "the end of the session")
    refused = "shown.session.connect().then(() => null, error => error.code)"
    assert tab.run(refused) == "closed"
