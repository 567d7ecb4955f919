"""A page that a server rendered with @duologue/react, taken over by the browser."""

from __future__ import annotations

import pytest
from tests.pages.react_fixtures import ReactOpener, shop, visit
from tests.pages.react_tab import ReactTab
from tests.serving import House

__all__ = ["shop", "visit"]

pytestmark = pytest.mark.browser

VERSIONS = pytest.mark.parametrize("react", ["18", "19"])
WIDGET = "document.querySelector('duologue-widget')"


def called(tab: ReactTab, name: str) -> list[object]:
    """What a callback of the widget was given, each time."""
    return [detail for each, detail in tab.run("called") if each == name]


def calls(tab: ReactTab, name: str) -> None:
    """Waits until a callback was called."""
    tab.wait(f"called.some(([name]) => name === '{name}')")


@VERSIONS
def test_what_a_server_rendered_is_taken_over(visit: ReactOpener, shop: House, react: str) -> None:
    """The very elements that came go on, nothing is told on the console, and everything works."""
    tab = visit("react-hydrated", react=react, server=shop.url)
    tab.widgets()
    assert tab.run("served !== null && served === document.querySelector('#count')")
    tab.click("count")
    tab.wait("document.querySelector('#count').textContent === '1'")
    tab.ask("click", selector=".duologue-talk")
    tab.wait("document.querySelector('.duologue-log').innerText.includes('Hello from the corner.')")
    tab.ask("click", selector=".duologue-end")
    tab.wait("document.querySelector('.duologue-status').innerText === 'The conversation is over'")


@VERSIONS
def test_the_widgets_events_are_callbacks(visit: ReactOpener, shop: House, react: str) -> None:
    """Each is given what the element's event tells, once, though StrictMode shows it twice."""
    tab = visit("react-hydrated", react=react, server=shop.url)
    tab.widgets()
    tab.run(f"{WIDGET}.open()")
    calls(tab, "onOpen")
    tab.run(f"void {WIDGET}.connect()")
    calls(tab, "onConnect")
    [line] = called(tab, "onConnect")
    assert isinstance(line, dict)
    assert (line["transport"], line["resumed"]) == ("websocket", None)
    tab.wait(
        "called.some(([name, told]) => name === 'onTranscript'"
        " && told.transcript.some(({ text, final }) => final && text === 'Hello from the corner.'))"
    )
    states = called(tab, "onState")
    assert {"connectionState": "connecting", "agentState": "idle"} in states
    tab.run(f"{WIDGET}.session.disconnect()")
    calls(tab, "onDisconnect")
    tab.wait(f"{WIDGET}.shadowRoot.querySelector('.feedback button')?.checkVisibility() === true")
    tab.run(f"{WIDGET}.shadowRoot.querySelector('.feedback button').click()")
    calls(tab, "onFeedback")
    tab.run(f"{WIDGET}.close()")
    calls(tab, "onClose")
    once = [len(called(tab, name)) for name in ("onOpen", "onConnect", "onDisconnect", "onClose")]
    assert once == [1, 1, 1, 1]
