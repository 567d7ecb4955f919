"""`go_to_page`: what a model may lead its visitor to."""

from __future__ import annotations

import pytest
from livekit.agents import llm

import duologue
from duologue.agents import navigation
from duologue.agents.current import Current, bind
from duologue.errors import DuologueError
from duologue.wire.page import Page

SHOP = Page("https://shop.example/tea", "Tea", "/tea")
LISTED = ("https://help.example", "https://*.blog.example")


@pytest.mark.parametrize(
    ("url", "page"),
    [
        ("/prices", SHOP),
        ("/prices", None),
        ("https://shop.example/prices", SHOP),
        ("https://SHOP.example:443/prices", SHOP),
        ("https://help.example/x", SHOP),
        ("https://a.blog.example/", None),
        ("//shop.example/x", SHOP),
    ],
)
def test_pages_of_the_same_site_and_listed_ones_are_allowed(url: str, page: Page | None) -> None:
    """As browsers compare origins."""
    navigation.require_allowed(url, page, LISTED)


@pytest.mark.parametrize(
    ("url", "page"),
    [
        ("https://evil.example/", SHOP),
        ("https://shop.example/", None),
        ("http://shop.example/", SHOP),
        ("https://shop.example:8443/", SHOP),
        ("https://shop.example@evil.example/", SHOP),
        ("/\\evil.example", SHOP),
        ("//evil.example", SHOP),
        ("///evil.example", SHOP),
        ("javascript:alert(1)", SHOP),
        ("https://shop.example/", Page("about:blank")),
        ("https://shop.example/", Page("https://[shop.example")),
        ("https://shop.example/", Page("file://shop.example/x")),
    ],
)
def test_all_others_are_refused(url: str, page: Page | None) -> None:
    """Whatever tricks there are in the address."""
    with pytest.raises(DuologueError) as error:
        navigation.require_allowed(url, page, LISTED)
    assert error.value.code == "address_refused"


def test_a_refusal_names_what_is_allowed() -> None:
    """So that a model can do better."""
    with pytest.raises(DuologueError, match=r"https://shop\.example, https://help\.example"):
        navigation.require_allowed("https://evil.example", SHOP, LISTED)
    with pytest.raises(DuologueError, match="paths such as /prices"):
        navigation.require_allowed("https://evil.example", None, ())


def here(led: list[str]) -> Current:
    """The session that a tool is called in."""
    return Current(
        conversation_id="c",
        session_id="s",
        agent="desk",
        transport="websocket",
        send=print,
        end=print,
        page=SHOP,
        lead=led.append,
    )


async def test_the_tool_leads_the_page_and_tells_the_model() -> None:
    """Both of what it did, and of what it may not do."""
    led: list[str] = []
    bind(here(led))
    tool = navigation.tool(LISTED)
    assert "/prices" in await tool(url="/prices")
    with pytest.raises(llm.ToolError, match="another site"):
        await tool(url="https://evil.example")
    assert led == ["/prices"]


async def test_code_leads_anywhere_on_the_web() -> None:
    """It is trusted, but for what is no page at all."""
    led: list[str] = []
    bind(here(led))
    duologue.current().navigate("https://elsewhere.example/")
    with pytest.raises(DuologueError, match="only http"):
        duologue.current().navigate("javascript:alert(1)")
    assert led == ["https://elsewhere.example/"]
