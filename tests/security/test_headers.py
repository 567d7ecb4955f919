"""What every answer says to browsers: all doors, whoever asks, refusals and failures included."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator

import httpx
import pytest
from tests.security.doors import DOORS
from tests.security.estate import Estate, estate
from tests.server.test_console_routes import DOORS as CONSOLE

from duologue.store import agents

# Litestar 2.25 warns of names that 2.20, which we also run on, has no others for.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
FILES = ("GET /assets/{name}", "GET /duologue.js")
"""What other sites' pages load: it runs under their policy."""
OTHERS = {"span": "x", "rec": "x", "token": "x", "person": "x", "form": "json"}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    """Two organizations on one server."""
    with estate(tmp_path_factory.mktemp("headers")) as made:
        yield made


def answers(house: Estate, door: str) -> Iterator[httpx.Response]:
    """To a stranger, and to somebody who may."""
    method, _, path = door.partition(" ")
    path = path.format_map(OTHERS | house.theirs)
    for key in (None, house.key(house.org)):
        yield house.ask(method, path, key)


@pytest.mark.parametrize("door", [*DOORS, *CONSOLE])
def test_no_answer_is_guessed_at_framed_or_told_of_to_others(house: Estate, door: str) -> None:
    """Its type is what it says, no page frames it, and no other site hears of its address."""
    for answer in answers(house, door):
        said = answer.headers
        assert said["x-content-type-options"] == "nosniff"
        assert said["x-frame-options"] == "DENY"
        own = "same-origin" if door.partition(" ")[2].startswith("/console") else "no-referrer"
        assert said["referrer-policy"] == own
        assert "camera=()" in said["permissions-policy"]


@pytest.mark.parametrize("door", [each for each in (*DOORS, *CONSOLE) if each not in FILES])
def test_nothing_runs_that_is_not_ours(house: Estate, door: str) -> None:
    """Each policy begins with nothing, and allows no inline code, no `eval`, no other frame."""
    for answer in answers(house, door):
        policy = answer.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'"), policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert "base-uri 'none'" in policy
        scripts = re.search(r"script-src ([^;]*)", policy)
        assert scripts is None or scripts[1] == "'self'"
        if answer.headers.get("content-type", "").startswith("text/html"):
            assert not re.search(r"<script(?![^>]*\bsrc=)[^>]*>", answer.text)
            assert not re.search(r"<[^>]+\son\w+=", answer.text)


def test_the_microphone_is_for_pages_that_talk(house: Estate) -> None:
    """The talk page, and for owners that of a live conversation; no other may ask for it."""
    said = house.ask("GET", "/", None).headers["permissions-policy"]
    assert said == "microphone=(self), camera=(), geolocation=()"
    for path in ("/status", "/v1/docs", "/console", "/health"):
        assert "microphone=()" in house.ask("GET", path, None).headers["permissions-policy"]


def test_the_style_of_the_reference_is_the_one_its_policy_knows(house: Estate) -> None:
    """So a browser draws it, and no style that somebody brought into it."""
    answer = house.ask("GET", "/v1/docs", None)
    (style,) = re.findall(r"<style>(.*?)</style>", answer.text, re.DOTALL)
    known = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"style-src 'sha256-{known}'" in answer.headers["content-security-policy"]
    assert (
        house.ask("GET", "/v1/docs/openapi.json", None)
        .headers["content-security-policy"]
        .startswith("default-src 'none'; base-uri")
    )


def test_what_is_nowhere_and_what_fails_says_it_too(
    house: Estate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A refusal is an answer as any other."""

    def broken(*_: object) -> None:
        raise RuntimeError("no such thing")

    found = [house.ask("GET", "/nowhere", None), house.ask("PUT", "/v1/agents", None)]
    monkeypatch.setattr(agents, "all", broken)
    found.append(house.ask("GET", "/v1/agents", house.key()))
    assert [each.status_code for each in found] == [404, 405, 500]
    for each in found:
        assert each.headers["x-content-type-options"] == "nosniff"
        assert each.headers["content-security-policy"].startswith("default-src 'none'")


def test_files_for_other_sites_may_be_loaded_and_not_mistaken(house: Estate) -> None:
    """Scripts come as scripts; what a page may do with them its own policy says."""
    answer = house.ask("GET", "/assets/talk.css", None)
    assert answer.headers["content-type"].startswith("text/css")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert "content-security-policy" not in answer.headers
