"""`go_to_page`: how a model leads its visitor to another page, where its agent lets it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from livekit.agents import llm

from duologue.access import origins
from duologue.agents.current import current
from duologue.core import navigation
from duologue.errors import DuologueError
from duologue.wire.page import Page


def require_allowed(url: str, page: Page | None, listed: Sequence[str]) -> None:
    """Refuses an address that is neither of the page's own site nor of a listed origin.

    What a model says may come from what a visitor, or a web page, said to it.
    """
    wanted = navigation.origin_of(url, page.url if page else None)
    if wanted is None:
        return
    own = _own(page)
    if not origins.allowed(wanted, [*([own] if own else []), *listed]):
        known = ", ".join([own or "paths such as /prices", *listed])
        raise navigation.refusal(url, f"it is of another site; allowed are {known}")


def tool(listed: Sequence[str]) -> Any:
    """The tool of an agent with these origins."""

    @llm.function_tool
    async def go_to_page(url: str) -> str:
        """Show the visitor another page of this website.

        Use it only when the visitor asks for it, or agrees to it.

        Args:
            url: The address of the page, such as /prices or https://example.com/prices.
        """
        here = current()
        try:
            require_allowed(url, here.page, listed)
            here.navigate(url)
        except DuologueError as error:
            raise llm.ToolError(error.message) from None
        return f"The visitor's page goes to {url}."

    return go_to_page


def _own(page: Page | None) -> str | None:
    """The page's own origin, if it is one of the web."""
    own = navigation.own_origin(page.url) if page else None
    try:
        return str(origins.parse(own)) if own else None
    except DuologueError:
        return None
