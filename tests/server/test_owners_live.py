"""The owners' door to what goes on: the same orders with a secret key."""

from __future__ import annotations

from typing import Any

from tests.server.conftest import Desk, closing_code, refused
from tests.server.test_console_live import call, hears


def test_a_script_takes_part(desk: Desk) -> None:
    """Looks, lets the agent say something, takes over, speaks, hands back, and hangs up."""
    with call(desk) as (conversation, socket):
        at = f"/v1/conversations/{conversation}"
        shown = desk.ask("GET", f"{at}/live").json()
        assert (shown["agent"], shown["clients"], shown["holder"]) == ("Desk", 1, None)
        assert shown["conversation"] == conversation
        assert desk.ask("POST", f"{at}/say", json={"text": "We close."}).status_code == 200
        hears(socket, "response.text", "We close.")
        assert desk.ask("POST", f"{at}/interrupt").status_code == 200
        taken = desk.ask("POST", f"{at}/takeover", json={"name": "Ada"}).json()
        assert taken["holder"]["name"] == "Ada"
        hears(socket, "response.data", "taken_over")
        refused(desk.ask("POST", f"{at}/say", json={"text": "Hi."}), 409, "taken_over", "Ada has")
        assert desk.ask("POST", f"{at}/speak", json={"text": "I am Ada."}).status_code == 200
        hears(socket, "response.text", "I am Ada.")
        assert desk.ask("POST", f"{at}/handback").status_code == 200
        hears(socket, "response.data", "handed_back")
        assert desk.ask("POST", f"{at}/end").json() == {"ok": True}
        hears(socket, "response.data", "owner_ended")
        assert closing_code(socket) == 4002
        refused(desk.ask("GET", f"{at}/live"), 409, "conversation_not_live", conversation)


def test_a_person_who_named_nothing_is_waited_for_a_minute(desk: Desk) -> None:
    """And may be asked to be waited for longer, within bounds."""
    with call(desk) as (conversation, _):
        at = f"/v1/conversations/{conversation}/takeover"
        assert desk.ask("POST", at).json()["holder"]["name"] == ""
        assert desk.ask("POST", at, json={"seconds": 600}).status_code == 200
        for body in ({"seconds": 1}, {"seconds": 1e9}, {"name": "x" * 101}, {"who": "Ada"}):
            refused(desk.ask("POST", at, json=body), 400, "bad_request", next(iter(body)))


def test_what_is_not_there_is_not_found_and_scopes_count(desk: Desk) -> None:
    """A conversation of nobody, and a key that may only read."""
    weak = desk.house.command("keys", "create", "--kind", "secret", "--scope", "read")["key"]
    at = f"/v1/conversations/conv_{0:032x}"
    orders = ("say", "interrupt", "end", "takeover", "speak", "handback")
    for what in orders:
        body: dict[str, Any] = {"json": {"text": "Hi"}} if what in ("say", "speak") else {}
        refused(desk.ask("POST", f"{at}/{what}", **body), 404, "conversation_not_found")
        refused(desk.ask("POST", f"{at}/{what}", key=weak, **body), 403, "key_scope", "sessions")
        refused(desk.ask("POST", f"{at}/{what}", key="nonsense", **body), 401, "key_unknown")
    refused(desk.ask("GET", f"{at}/live", key=weak), 404, "conversation_not_found")
