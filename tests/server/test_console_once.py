"""Secrets that are shown to one reader, one time, whichever process draws the page."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from litestar import Response

from duologue.access.console import Reader
from duologue.access.secrets import mint
from duologue.server.console_once import COOKIE, SECONDS, away_with, brought, shown

KEY = mint("dk_secret_")


def reader(name: str) -> Reader:
    """Somebody."""
    return Reader(id=name, org_id="org_1", role="owner", name=name, noted_at=0)


def asking(cookie: str = "") -> Any:
    """A request with that cookie."""
    return SimpleNamespace(
        cookies={COOKIE: cookie} if cookie else {}, headers={"host": "voice.example"}
    )


def cookie_of(answer: Response[Any]) -> Any:
    """The one cookie of an answer."""
    (cookie,) = answer.cookies
    return cookie


@pytest.mark.parametrize("url", ["https://voice.example", "http://127.0.0.1:8080"])
def test_a_secret_goes_to_the_one_page_that_shows_it(url: str) -> None:
    """No script reads it, no other page gets it, and it is gone within a minute."""
    host: Any = SimpleNamespace(settings=SimpleNamespace(public_url=url))
    answer = away_with(asking(), host, reader("con_a"), KEY, "/console/keys/key_1")
    cookie = cookie_of(answer)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/keys/key_1")
    assert (cookie.path, cookie.httponly, cookie.samesite) == (
        "/console/keys/key_1",
        True,
        "strict",
    )
    assert (cookie.max_age, cookie.secure) == (SECONDS, url.startswith("https"))
    assert brought(asking(cookie.value), reader("con_a")) == KEY
    assert brought(asking(cookie.value), reader("con_b")) == ""


@pytest.mark.parametrize(
    "text",
    ["", "con_a", "con_a.", "con_a.<b>", f"con_a.{KEY}x", f".{KEY}"],
    ids=["nothing", "no-dot", "no-secret", "markup", "too-long", "nobody"],
)
def test_what_is_no_secret_is_not_shown(text: str) -> None:
    """Whatever a browser holds under that name."""
    assert brought(asking(text), reader("con_a")) == ""


def test_what_was_shown_is_forgotten() -> None:
    """By the page that showed it."""
    cookie = cookie_of(shown(Response(b""), "/console/people"))
    assert (cookie.key, cookie.path, cookie.max_age) == (COOKIE, "/console/people", 0)
