"""docs/agents.md: everything that may be written down about an agent, read from its structs."""

from __future__ import annotations

from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

import msgspec
from tests.signatures import documented

from duologue.agents.definition import AgentDefinition, TurnTaking
from duologue.agents.webhook.options import Webhook
from duologue.agents.widget import Widget

NOTE = (
    "<!-- Written by `make docs` from src/duologue/agents/definition.py: change that, not this. -->"
)
READ = """\
These are keywords of `@duologue.agent("NAME", …)`, and names in `duologue.toml` under
`[agents.NAME]`:

```toml
[agents.front-desk]
greeting = "Hello! How can I help?"
instructions = "You are the friendly front desk of a small hotel."
origins = ["https://hotel.example"]

[agents.front-desk.turns]
trigger = "push_to_talk"

[agents.front-desk.widget]
title = "Ask the front desk"
accent = "#1a7f5a"
consent = "We keep what you say for 90 days."
```

A name that does not exist is an error, never ignored. An agent that a Python file defines may have
its `widget` in `duologue.toml`, too.
"""
HEAD = ["| name | default | what it does |", "|---|---|---|"]
TURNS = "## `turns`\n\nWhen the agent speaks, and when it listens.\n"
WIDGET = (
    "## `widget`\n\nHow the agent appears on every site with a `<duologue-widget>`: said once, "
    "here, instead of on each page.\nThe tag of a page may say it differently, as far as "
    "`attributes` allows. `GET /api/widget/agent` shows what a widget reads.\n"
)
WEBHOOK = (
    "## `webhook`\n\nThe back end that thinks instead of a language model: its address, or a table "
    "of these. [webhook-agents.md](webhook-agents.md) says what it is asked and may answer.\n"
)


def page() -> str:
    """The page."""
    skipped = {"turns", "widget", "slug"}
    rows = [*HEAD, *(row for name, row in _rows(AgentDefinition) if name not in skipped)]
    turns = [*HEAD, *(row for _, row in _rows(TurnTaking))]
    widget = [*HEAD, *(row for _, row in _rows(Widget))]
    webhook = [*HEAD, *(row for _, row in _rows(Webhook))]
    parts = ["# Agents\n", NOTE, "", READ, *rows, "", TURNS, *turns, "", WIDGET, *widget, ""]
    parts += [WEBHOOK, *webhook, ""]
    return "\n".join(parts)


def _rows(of: type[msgspec.Struct]) -> list[tuple[str, str]]:
    words, kinds = documented(of), get_type_hints(of)
    found = []
    for each in msgspec.structs.fields(of):
        default = each.default_factory() if callable(each.default_factory) else each.default
        said = " ".join(filter(None, (_choice(kinds[each.name]), words[each.name])))
        found.append((each.name, f"| `{each.name}` | {_shown(default)} | {said} |"))
    return found


def _choice(kind: Any) -> str:
    """The values that there are, if they can be counted."""
    if get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if get_origin(kind) is not Literal:
        return ""
    return f"{', '.join(f'`{each}`' for each in get_args(kind))}."


def _shown(value: Any) -> str:
    """A default as duologue.toml would have it."""
    if value in ("", (), None, msgspec.NODEFAULT) or isinstance(value, msgspec.Struct):
        return ""
    if isinstance(value, tuple):
        return ", ".join(f"`{each}`" for each in value)
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"
