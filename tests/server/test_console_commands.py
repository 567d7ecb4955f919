"""What the commands can do, the console can: each command has a door there, or a reason."""

from __future__ import annotations

from typing import Final

import typer
from tests import llms
from tests.server.test_console_routes import DOORS

from duologue.cli.app import app

WAYS: Final[dict[str, tuple[str, ...]]] = {
    "agents list": ("GET /console/agents",),
    "agents show": ("GET /console/agents/{agent}",),
    "agents publish": ("POST /console/agents/{agent}/publish",),
    "agents unpublish": ("POST /console/agents/{agent}/unpublish",),
    "keys create": ("POST /console/keys/public", "POST /console/keys/secret"),
    "keys list": ("GET /console/keys",),
    "keys allow": ("POST /console/keys/{key}/origins",),
    "keys rotate": ("POST /console/keys/{key}/rotate",),
    "keys revoke": ("POST /console/keys/{key}/revoke",),
    "conversations list": ("GET /console/transcripts",),
    "conversations show": ("GET /console/transcripts/{conversation}",),
    "conversations export": ("GET /console/transcripts/{conversation}/json",),
    "conversations delete": ("POST /console/transcripts/{conversation}/delete",),
    "traces list": ("GET /console",),
    "traces show": ("GET /console/traces/{run}",),
    "traces export": ("GET /console/traces/{run}/{form}", "GET /console/export/{form}"),
    "traces delete": ("POST /console/traces/{run}/delete",),
    "traces prune": ("POST /console/kept/older", "POST /console/kept/larger"),
    "visitors show": ("GET /console/visitors/{visitor}",),
    "visitors delete": ("POST /console/visitors/{visitor}/delete",),
    "alerts list": ("GET /console/overview",),
    "alerts create": ("POST /console/alerts",),
    "alerts delete": ("POST /console/alerts/{alert}/delete",),
    "orgs credit": ("POST /console/balance/credit",),
    "orgs set": ("POST /console/balance/set",),
    "console login": ("POST /console/people/invite",),
}
"""Where in the console one does what a command does."""
NOWHERE: Final[dict[str, str]] = {
    "dev": "it starts the server that the console is a part of",
    "serve": "the same",
    "worker": "it starts a process on a machine",
    "call": "the talk page is the console's way to talk",
    "doctor": "it looks at the machine before there is a server",
    **dict.fromkeys(
        ("db upgrade", "db check", "db backup", "db restore", "db move"),
        "they are for the whole database, with what belongs to all organizations",
    ),
    "agents secret": "what signs requests is shown to whoever runs commands here, and to no page",
    "orgs list": "who is signed in sees one organization, and no other",
    "orgs create": "whoever may make an organization is above all of them: who runs commands here",
}
"""Commands that make no sense in the console, and why."""


def test_every_command_has_a_door_in_the_console_or_a_reason() -> None:
    """A new command needs a line above."""
    named = {
        name.removeprefix("duologue ")
        for name, _ in llms.commands(typer.main.get_command(app), "duologue")
    }
    assert named == set(WAYS) | set(NOWHERE)
    assert not set(WAYS) & set(NOWHERE)


def test_every_way_is_a_door() -> None:
    """As the router has them."""
    for command, doors in WAYS.items():
        assert doors, command
        assert set(doors) <= set(DOORS), command
