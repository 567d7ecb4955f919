"""The page that a visitor is on, and what it and the agent say of it: data of a reserved type."""

from __future__ import annotations

from typing import Any, Final
from urllib.parse import urlsplit

import msgspec

from duologue.errors import DuologueError

PAGE: Final = "duologue.page"
"""A page tells that it became another one."""
NAVIGATE: Final = "duologue.navigate"
"""The agent leads the page to another address."""
LONGEST_ADDRESS: Final = 2048
LONGEST_TITLE: Final = 300
SHORT: Final = 400
SHORT_TITLE: Final = 100


class Page(msgspec.Struct, frozen=True):
    """A page of a site, as it says of itself."""

    url: str
    title: str = ""
    path: str = ""


def tidy(page: Page) -> Page:
    """The page with its path, and no longer than anybody reads: long addresses are no error."""
    url = page.url[:LONGEST_ADDRESS]
    return Page(url, page.title[:LONGEST_TITLE], (page.path or _path(url))[:LONGEST_ADDRESS])


def brief(page: Page) -> Page:
    """The page as a token carries it, for that travels in an address: long ones lose their query.

    `tidy` gives it its path back.
    """
    url = page.url
    if len(url) > SHORT:
        url = url.partition("#")[0].partition("?")[0][:SHORT]
    path = "" if page.path == _path(url) else page.path[:SHORT]
    return Page(url, page.title[:SHORT_TITLE], path)


def told(content: Any) -> Page | None:
    """The page that a piece of data tells of; none when it tells of something else."""
    if not isinstance(content, dict) or content.get("type") != PAGE:
        return None
    try:
        return tidy(msgspec.convert(content, Page))
    except msgspec.ValidationError as error:
        raise DuologueError("bad_request", reason=f"{PAGE}: {error}") from None


def navigation(url: str) -> dict[str, str]:
    """The data that leads a page to another address."""
    return {"type": NAVIGATE, "url": url}


def _path(url: str) -> str:
    try:
        return urlsplit(url).path
    except ValueError:
        return ""
