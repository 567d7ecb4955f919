"""The page that a visitor is on, as it tells it."""

from __future__ import annotations

from typing import Any

import pytest

from duologue.errors import DuologueError
from duologue.wire.page import (
    LONGEST_ADDRESS,
    LONGEST_TITLE,
    SHORT,
    SHORT_TITLE,
    Page,
    brief,
    navigation,
    tidy,
    told,
)


def test_a_page_tells_what_it_became() -> None:
    """By data of its own type; what else is in it is nobody's."""
    said = {"type": "duologue.page", "url": "https://a.example/x?y=1", "title": "X", "more": 1}
    assert told(said) == Page("https://a.example/x?y=1", "X", "/x")
    assert told({**said, "path": "/y"}) == Page("https://a.example/x?y=1", "X", "/y")


@pytest.mark.parametrize("content", [{"type": "mine"}, {"url": "/"}, [1], "duologue.page", None])
def test_other_data_is_not_about_the_page(content: Any) -> None:
    """It is the agent's own."""
    assert told(content) is None


@pytest.mark.parametrize("rest", [{}, {"url": 5}, {"url": "/", "title": None}])
def test_a_page_that_says_nonsense_is_refused(rest: dict[str, Any]) -> None:
    """By the name of its type, and of the field."""
    with pytest.raises(DuologueError, match=r"duologue\.page: .*(url|title)") as error:
        told({"type": "duologue.page", **rest})
    assert error.value.code == "bad_request"


def test_long_addresses_are_cut() -> None:
    """Tracking parameters are no reason not to talk."""
    page = tidy(Page("https://a.example/" + "x" * 9000, "t" * 9000))
    assert len(page.url) == len(page.path) + len("https://a.example") == LONGEST_ADDRESS
    assert len(page.title) == LONGEST_TITLE


def test_a_token_carries_a_page_in_few_bytes() -> None:
    """Its path is in its address, and a long address goes without its query."""
    page = Page("https://a.example/tea?x=1#y", "Tea", "/tea")
    assert brief(page) == Page(page.url, "Tea", "")
    assert tidy(brief(page)) == page
    other = Page("https://a.example/app", "T" * 200, "/" + "route" * 100)
    assert brief(other) == Page(other.url, "T" * SHORT_TITLE, other.path[:SHORT])
    tracked = Page("https://a.example/tea?utm=" + "x" * 1500 + "#y", "Tea", "/tea")
    assert brief(tracked) == Page("https://a.example/tea", "Tea", "")
    assert len(brief(Page("https://a.example/" + "x" * 1500)).url) == SHORT


def test_an_address_that_is_none_has_no_path() -> None:
    """It is what the browser says of itself, not what we make of it."""
    assert tidy(Page("http://[")) == Page("http://[", "", "")


def test_navigation_is_data_of_a_reserved_type() -> None:
    """Clients know it by that."""
    assert navigation("/prices") == {"type": "duologue.navigate", "url": "/prices"}
