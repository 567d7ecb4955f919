"""The unmodified @layercode/react-sdk against `duologue serve`."""

from __future__ import annotations

import httpx
import pytest
from tests.conformance.browser import Page
from tests.conformance.conftest import Opener
from tests.conformance.site import Site, Wire
from tests.serving import House

pytestmark = pytest.mark.browser


@pytest.fixture
def hook(opener: Opener) -> Page:
    """A page with one component around `useLayercodeAgent`, rendered and not connected."""
    page = opener("hook")
    page.make()
    page.wait("page.log.some(e => e.name === 'status')")
    return page


def test_the_hook_connects_leaves_and_comes_back(hook: Page, site: Site) -> None:
    """connect, disconnect, connect: one conversation, greeted once and aloud."""
    assert hook.state["status"] == "initializing"
    hook.call("connect")
    hook.wait("page.state().status === 'connected'")
    hook.wait_message("turn.end", role="assistant")
    assert hook.sound() > 0.01
    conversation = site.granted[0]["conversation_id"]
    assert hook.state["conversationId"] == conversation

    hook.call("disconnect")
    hook.wait("page.state().status === 'disconnected'")
    after = len(hook.log)
    hook.call("connect")
    hook.wait("page.state().status === 'connected'")
    hook.call("sendClientResponseText", "What did I say first?")
    hook.wait_message("turn.end", after=after, role="assistant")
    assert site.granted[1]["conversation_id"] == conversation
    answers = [one for one in hook.messages("turn.start", after) if one["role"] == "assistant"]
    assert len(answers) == 1


def test_the_hook_reconnects_after_a_drop(hook: Page, site: Site, wire: Wire) -> None:
    """A lost socket shows as disconnected; connecting again resumes the conversation."""
    hook.call("connect")
    hook.wait_message("turn.end", role="assistant")
    wire.cut()
    hook.wait("page.state().status === 'disconnected'")
    hook.call("connect")
    hook.wait("page.state().status === 'connected'")
    ids = {one["conversation_id"] for one in site.granted}
    assert (len(site.granted), len(ids)) == (2, 1)


def test_unmounting_leaves(hook: Page, site: Site, house: House) -> None:
    """A component that goes away closes its socket properly: the session ends, without a grace."""

    def state() -> tuple[str, str | None]:
        session = site.granted[0]["session_id"]
        headers = {"authorization": f"Bearer {site.key}"}
        answer = httpx.get(f"{house.url}/v1/sessions/{session}", headers=headers).json()
        return answer["state"], answer["end_reason"]

    hook.call("connect")
    hook.wait_message("turn.start", role="assistant")
    assert state() == ("live", None)
    hook.call("unmount")
    hook.wait_frames(lambda _: state()[0] != "live", "the session's end")
    assert state() == ("ended", "left")
