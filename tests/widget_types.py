"""The widget's words in TypeScript, written from its structs."""

from __future__ import annotations

from tests.wire_types import interfaces

from duologue.wire import widget as wire
from duologue.wire.consent import Consent

NOTE = "// Written by `make docs` from src/duologue/wire/widget.py: change that, not this.\n"


def widget_types() -> str:
    """What the widget doors answer, and what a widget tells them beside a session's request."""
    received = interfaces(wire.WidgetFace)
    return "\n".join([NOTE, *received, *interfaces(Consent, wire.WidgetFeedback, may_omit=True)])
