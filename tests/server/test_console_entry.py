"""In and out of the console: by a link that works once, and by no other page's will."""

from __future__ import annotations

import httpx
from tests.server.conftest import Desk
from tests.server.console import OWN, entered, link, page


def test_a_link_is_used_up_by_a_press_and_not_by_a_look(desk: Desk) -> None:
    """Previews of it change nothing; the second press is told what to do."""
    token = link(desk)
    shown = page(desk.http, f"/console/enter?token={token}")
    assert f'value="{token}"' in shown
    page(desk.http, f"/console/enter?token={token}")
    first = desk.http.post("/console/enter", data={"token": token}, headers=OWN)
    assert first.status_code == 303
    again = page(
        desk.http, "/console/enter", 410, method="POST", data={"token": token}, headers=OWN
    )
    assert "duologue console login" in again
    desk.http.cookies.clear()


def test_the_cookie_is_for_this_browser_only(desk: Desk) -> None:
    """No script reads it, no other site sends it, and behind https it goes nowhere else."""
    data = {"token": link(desk)}
    answer = httpx.post(f"{desk.house.url}/console/enter", data=data, headers=OWN)
    told = answer.headers["set-cookie"].lower()
    assert all(word in told for word in ("httponly", "samesite=lax", "path=/console"))
    assert "secure" not in told
    data = {"token": link(desk)}
    proxied = OWN | {"x-forwarded-proto": "https", "x-forwarded-host": "voice.example"}
    answer = httpx.post(f"{desk.house.url}/console/enter", data=data, headers=proxied)
    assert "secure" in answer.headers["set-cookie"].lower()


def test_strangers_are_told_how_to_sign_in(desk: Desk) -> None:
    """On every page; a made-up cookie is no better than none."""
    for cookies in ({}, {"duologue_console": "dk_console_guessed"}):
        with httpx.Client(base_url=desk.house.url, cookies=cookies) as nobody:
            for path in ("/console", "/console/"):
                assert "duologue console login" in page(nobody, path, 401)


def test_signing_out_voids_the_cookie(desk: Desk) -> None:
    """Also for whoever had copied it."""
    with entered(desk) as who:
        assert "Signed in as owner" in page(who, "/console")
        copied = dict(who.cookies)
        assert who.post("/console/leave").status_code == 303
        assert "duologue_console" not in who.cookies
    with httpx.Client(base_url=desk.house.url, cookies=copied) as thief:
        page(thief, "/console", 401)


def test_other_pages_change_nothing(desk: Desk) -> None:
    """By what the browser says of where a request comes from; old ones name the origin."""
    token = link(desk)
    own, data = desk.house.url, {"token": token}
    for headers in (
        {},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-site", "origin": own},
        {"sec-fetch-site": "none"},
        {"origin": "https://evil.example"},
        {"origin": "null"},
    ):
        refused = page(desk.http, "/console/enter", 403, method="POST", data=data, headers=headers)
        assert "Another page" in refused
    headers = {"origin": own}
    assert desk.http.post("/console/enter", data=data, headers=headers).status_code == 303
    desk.http.cookies.clear()


def test_roles_and_names_are_shown(desk: Desk) -> None:
    """Whoever looks knows as whom."""
    with entered(desk, "--role", "viewer", "--name", "<Ada>") as who:
        assert "Signed in as &lt;Ada&gt;, viewer" in page(who, "/console")
