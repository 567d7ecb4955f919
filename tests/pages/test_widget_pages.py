"""The widget on pages that are strict, hostile, framed, or hold a session of their own."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.pages.widget import ROOT, WidgetTab
from tests.serving import House

pytestmark = pytest.mark.browser

Visit = Callable[..., WidgetTab]
TALKS = "Hello, can you hear me?"


def box(tab: WidgetTab, selector: str) -> tuple[float, float, float, float]:
    """Where an element of the widget is: left, top, width, height."""
    script = f"(r => [r.left, r.top, r.width, r.height])({ROOT}.querySelector({selector!r})"
    left, top, width, height = tab.run(f"{script}.getBoundingClientRect())")
    return left, top, width, height


def look(tab: WidgetTab, selector: str, *names: str) -> list[str]:
    """What the styles of an element of the widget come to."""
    style = f"getComputedStyle({ROOT}.querySelector({selector!r}))"
    return [str(tab.run(f"{style}.getPropertyValue('{name}')")) for name in names]


def test_a_strict_page(visit: Visit, house: House) -> None:
    """Under a policy without inline script or style everything works, a colour of its own too."""
    tab = visit(house, "strict", agent="demo", accent="rebeccapurple", default_open="")
    tab.click("Talk")
    tab.reaches("Listening")
    assert look(tab, ".root", "--agent") == ["#663399"]
    assert look(tab, ".panel", "position", "border-top-left-radius") == ["fixed", "28px"]
    tab.type(TALKS)
    tab.hears("loud and clear")
    tab.run("document.body.setAttribute('style', 'color: red')")
    refused = "Content Security Policy"
    tab.until(lambda: refused in "\n".join(tab.unexpected), "the policy that is in force")
    tab.expected += [".*Content Security Policy.*"]


def test_a_hostile_page(visit: Visit, house: House) -> None:
    """Rules that revert, blur, turn and hide everything leave the widget as it is elsewhere."""
    kind = visit(house, "plain", agent="demo", default_open="")
    wild = visit(house, "hostile", agent="demo", default_open="")
    for tab in (kind, wild):
        tab.wait(f"{ROOT}.querySelector('.greeting').textContent.includes('Corner Table')")
    for selector in (".panel", ".name", ".big", ".composer", ".chip", ".voices-canvas"):
        assert box(wild, selector) == box(kind, selector), selector
        same = ("font-size", "color", "visibility", "font-family", "line-height", "opacity")
        assert look(wild, selector, *same) == look(kind, selector, *same), selector
    host = "getComputedStyle(document.querySelector('duologue-widget'))"
    for name, value in (("filter", "none"), ("transform", "none"), ("opacity", "1")):
        assert wild.run(f"{host}.{name}") == value
    assert wild.run("getComputedStyle(document.querySelector('h1')).fontSize") == "40px"
    wild.click("Talk")
    wild.reaches("Listening")


def test_nothing_of_the_widget_reaches_the_page(visit: Visit, house: House) -> None:
    """The page's own elements look the same with and without it."""
    with_it = visit(house, "plain", agent="demo", default_open="")
    without = visit(house, "empty", agent="demo")
    all_of_it = """[...document.querySelectorAll('body, header, h1, p')].map(one => {
        const style = getComputedStyle(one);
        return [...style].map(name => name + style.getPropertyValue(name)).join()}).join()"""
    assert with_it.run(all_of_it) == without.run(all_of_it)


def test_in_a_frame(visit: Visit, house: House) -> None:
    """A page in a frame that may use the microphone has the whole widget."""
    tab = visit(house, "frame", agent="demo", default_open="")
    inner = "document.querySelector('iframe').contentDocument.querySelector('duologue-widget')"
    tab.wait(f"{inner}?.shadowRoot?.querySelector('.big')?.checkVisibility()")
    tab.ask(
        "click", selector="iframe >> internal:control=enter-frame >> duologue-widget .big >> nth=0"
    )
    state = f"{inner}.shadowRoot.querySelector('.state').textContent"
    tab.wait(f"{state} === 'Listening'")
    assert (
        tab.run(f"{inner}.shadowRoot.querySelector('.panel').getBoundingClientRect().width") > 300
    )


def test_two_surfaces_of_one_session(visit: Visit, house: House) -> None:
    """A session that the page holds is shown by both widgets, sounds once, and outlives them."""
    tab = visit(house, "empty")
    tab.run(f"""(async () => {{
        const {{ LiveKitSession }} = await import('{house.url}/assets/duologue.js');
        globalThis.session = new LiveKitSession({{agentId: 'demo', baseUrl: '{house.url}'}});
        const add = (mode, key) => {{
            const one = document.createElement('duologue-widget');
            one.setAttribute('experience-mode', mode);
            one.setAttribute('persist-key', key);
            one.controlledSession = session.snapshot;
            session.subscribe(() => {{ one.controlledSession = session.snapshot; }});
            document.querySelector('main').append(one);
            return one;
        }};
        globalThis.panels = [add('EMBEDDED', 'hero'), add('WIDGET', 'corner')];
        panels[1].open();
    }})()""")
    state = "panels.map(one => one.shadowRoot.querySelector('.state').textContent).join()"
    tab.run("panels[0].connect()")
    tab.wait(f"({state}) === 'Your turn,Your turn'")
    said = "panels.map(one => one.shadowRoot.querySelectorAll('.said').length).join()"
    tab.wait(f"({said}) === '1,1'")
    assert tab.run("panels.every(one => one.session === session)")
    assert sum(one.type == "client.ready" for one in tab.frames) == 1, "one line"
    tab.ask("fill", selector="duologue-widget >> nth=1 >> .box", text=TALKS)
    tab.press("Enter")
    tab.wait(f"({said}) === '3,3'")
    tab.run("panels[0].remove()")
    tab.run("new Promise(done => setTimeout(done, 200))")
    assert tab.run("session.snapshot.line") == "connected", "the page's session is not the widget's"
    kept = "['hero', 'corner'].map(key => localStorage['duologue open ' + key] ?? null)"
    assert tab.run(kept) == [None, "true"]


def test_an_object_of_the_pages_own(visit: Visit, house: House) -> None:
    """Of a bare ControlledSession what it says is shown, and what it can do is offered."""
    tab = visit(house, "empty")
    tab.run("""(() => {
        globalThis.calls = [];
        const one = document.createElement('duologue-widget');
        globalThis.lend = (more) => { one.controlledSession = {agentId: 'mine', agentConfig:
            {name: 'Mine', avatarImageUrl: null}, connectionState: 'idle', agentState: 'idle',
            transcript: [], videoElement: null, audioElement: null, canResume: false, error: null,
            connect: async () => { calls.push('connect'); },
            disconnect: () => calls.push('disconnect'),
            ...more}; };
        lend({});
        document.body.append(one);
        one.open();
    })()""")
    tab.until(lambda: tab.buttons == ["Talk"], "the button")
    assert not tab.sees(".composer")
    tab.click("Talk")
    tab.wait("calls.join() === 'connect'")
    tab.run(
        "lend({connectionState: 'connected', agentState: 'speaking', transcript: [{id: '1', "
        "role: 'agent', text: 'Hello.', final: true, interrupted: false, timestamp: 0}]})"
    )
    tab.reaches("Speaking")
    assert tab.buttons == ["End"]
    assert tab.transcript[0].text == "Hello."
    tab.click(".end")
    tab.run("lend({connectionState: 'error', error: 'The line fell.'})")
    tab.until(lambda: tab.inside(".detail") == "The line fell.", "the words of the error")
    assert tab.run("calls") == ["connect", "disconnect"]
    assert [one["message"] for one in tab.events("error")] == ["The line fell."]
    tab.expected += ["error: Failed to load resource.*404.*"]


def test_taken_out_and_moved(visit: Visit, stage: House) -> None:
    """Moved within the page the call goes on; taken out of it, the widget leaves."""
    tab = visit(stage, "plain", agent="parrot", default_open="", mode="text")
    tab.type("One.")
    tab.until(lambda: len(tab.transcript) > 1, "an answer")
    tab.run("void (globalThis.panel = document.querySelector('duologue-widget'))")
    tab.run("document.querySelector('main').prepend(panel)")
    tab.run("new Promise(done => setTimeout(done, 200))")
    assert tab.run("panel.session.snapshot.line") == "connected"
    assert tab.sent("client.end") == 0
    tab.run("panel.remove()")
    tab.until(lambda: tab.sent("client.end") == 1, "the end")
    tab.run("document.body.append(panel)")
    tab.until(lambda: tab.is_open, "the panel again")
    assert tab.transcript == []


def test_a_reload_goes_on(visit: Visit, stage: House) -> None:
    """After a reload of the tab the call goes on by itself, as muted as it was."""
    tab = visit(stage, "plain", agent="parrot", default_open="")
    tab.click("Talk")
    tab.reaches("Listening")
    tab.hears("Hi.")
    tab.click(".mute")
    tab.reaches("Muted")
    tab.reload()
    tab.reaches("Muted")
    assert len(tab.transcript) == 1
    assert tab.notices == [], "the line was away for a moment, and nothing of it is lost"
    tab.click(".end")
    tab.reaches("You left")
    tab.reload()
    tab.until(lambda: "Resume" in tab.buttons, "the choice")
    assert tab.run("document.querySelector('duologue-widget').session.snapshot.line") == "idle"


def test_another_agent_is_another_session(visit: Visit, stage: House) -> None:
    """A tag that names another agent leaves the first, and begins afresh."""
    tab = visit(stage, "plain", agent="parrot", default_open="", mode="text")
    tab.type("One.")
    tab.until(lambda: len(tab.transcript) > 1, "an answer")
    tab.run("document.querySelector('duologue-widget').setAttribute('agent', 'tale')")
    tab.until(lambda: tab.sent("client.end") == 1, "the end of the first")
    tab.until(lambda: tab.transcript == [], "an empty page")
    tab.until(lambda: "tale" in tab.inside(".greeting"), "the other greeting")


def test_the_script_twice(visit: Visit, house: House) -> None:
    """A second script of the same widget changes nothing, and both names mean the same."""
    tab = visit(house, "plain", agent="demo")
    tab.run("void (globalThis.first = customElements.get('duologue-widget'))")
    tab.run(f"""new Promise(done => document.head.append(Object.assign(
        document.createElement('script'), {{src: '{house.url}/duologue.js?2', onload: done}})))
        .then(() => null)""")
    assert tab.run("customElements.get('duologue-widget') === first")
    assert tab.run("new (customElements.get('livelayer-widget'))() instanceof first")
