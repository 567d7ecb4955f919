"""Where a page may be led, read as browsers read it."""

from __future__ import annotations

import pytest

from duologue.core.navigation import LONGEST, destination, origin_of, own_origin
from duologue.errors import DuologueError

PAGE = "http://shop.example/tea"


@pytest.mark.parametrize(
    "url", ["/prices", "prices?x=1#y", "?x", "#top", "https://a.example", "HTTP://A.example/x", "."]
)
def test_addresses_of_the_web_are_destinations(url: str) -> None:
    """Relative ones, too."""
    assert destination(url) is not None


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("", "empty"),
        ("/" + "x" * LONGEST, "too long"),
        ("/a b", "spaces"),
        ("java\tscript:alert(1)", "spaces"),
        ("\x01javascript:alert(1)", "spaces"),
        ("javascript:alert(1)", "only http"),
        ("data:text/html,x", "only http"),
        ("mailto:a@b.example", "only http"),
        ("file:///etc/passwd", "only http"),
        ("https:evil.example", "no host"),
        ("https:///evil.example", "no host"),
        ("///evil.example", "no host"),
        ("////evil.example", "no host"),
        ("/\\/evil.example", "no host"),
        ("\\\\\\evil.example", "no host"),
        ("http://[::1", "not an address"),
        ("http://a.example:99999", "not an address"),
        ("http://a.example:0", "no host"),
    ],
)
def test_everything_else_is_refused(url: str, why: str) -> None:
    """With its reason."""
    with pytest.raises(DuologueError, match=why) as error:
        destination(url)
    assert error.value.code == "address_refused"


@pytest.mark.parametrize(
    ("url", "page", "origin"),
    [
        ("/prices", PAGE, None),
        ("prices", None, None),
        ("https://shop.example/x", PAGE, "https://shop.example"),
        ("//cdn.example/x", PAGE, "http://cdn.example"),
        ("//cdn.example/x", None, "https://cdn.example"),
        ("/\\evil.example/x", PAGE, "http://evil.example"),
        ("\\\\evil.example", None, "https://evil.example"),
        ("https://shop.example@evil.example/", PAGE, "https://shop.example@evil.example"),
    ],
)
def test_an_address_leads_to_an_origin(url: str, page: str | None, origin: str | None) -> None:
    """Or stays at the page's own, as browsers would have it."""
    assert origin_of(url, page) == origin


def test_a_page_has_an_origin_if_it_is_on_the_web() -> None:
    """A blank one has none."""
    assert own_origin(PAGE) == "http://shop.example"
    assert own_origin("about:blank") is None
    assert own_origin("http://[::1") is None
    assert origin_of("//cdn.example/x", "http://[::1") == "https://cdn.example"
