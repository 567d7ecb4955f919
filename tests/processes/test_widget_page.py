"""The widget behind a round-robin proxy, whose process is killed in the middle of an answer."""

from __future__ import annotations

import asyncio

import pytest
from tests.conformance.browser import Browser
from tests.pages.tab import NETWORK
from tests.pages.widget import WidgetTab
from tests.pages.widget_site import WidgetSite
from tests.processes.alone import require_one_agent
from tests.processes.cluster import Cluster
from tests.processes.guest import TALE
from tests.processes.proxy import Proxy

CUT = "\N{NO-BREAK SPACE}\N{EM DASH}"
"""How the widget shows that an answer was cut."""

pytestmark = [pytest.mark.postgres, pytest.mark.redis, pytest.mark.browser]


@pytest.mark.usefixtures("microphone")  # which is quiet
def test_a_widget_whose_process_is_killed_goes_on_with_another(
    many: Cluster, door: Proxy, browser: Browser
) -> None:
    """It says that it reconnects, comes back by itself, and shows what the store has."""
    with WidgetSite(door.url) as site:
        asked = ("keys", "create", "--kind", "public", "--agent", "silent", "--origin", site.url)
        key = many.servers[0].command(*asked)["key"]
        address = site.page("plain", agent="silent", key=key, default_open="")
        tab = WidgetTab(browser, address, profile={"locale": "en-GB"})
        try:
            tab.expected += NETWORK
            tab.click("Talk")
            tab.reaches("Listening")
            tab.type("Tell me a tale.")
            tab.reaches("Speaking")
            conversation = str(tab.events("connect")[0]["conversationId"])
            house = asyncio.run(many.holder(conversation))
            house.kill()
            try:
                tab.until(lambda: tab.transcript[-1].interrupted, "the line to break")
                tab.reaches("Listening")
                tab.type("Still there?")
                tab.hears("You said: Still there?")
                tab.reaches("Listening")
            finally:
                house.start()
            shown = [(one.role, one.text, one.interrupted) for one in tab.transcript]
            assert tab.unexpected == []
        finally:
            tab.close()
    said = asyncio.run(many.said(conversation))
    names = {"user": "user", "assistant": "agent"}
    kept = [(names[one["role"]], one["text"], one["interrupted"]) for one in said]
    for text, told in ((shown.pop(1), CUT), (kept.pop(1), "")):
        assert (text[0], text[2]) == ("agent", True)
        assert TALE.startswith(text[1].removesuffix(told))
    talk = ["Tell me a tale.", "Still there?", "You said: Still there?"]
    assert [text for _, text, _ in kept] == talk
    assert shown == kept
    runs = asyncio.run(require_one_agent(many, conversation))
    assert [run.end_reason == "server_lost" for run in runs] == [True, False]
