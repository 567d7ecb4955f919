"""The widget's words in TypeScript, written from its structs."""

from __future__ import annotations

from tests.wire_types import interfaces

from duologue.wire import widget as wire

NOTE = "// Written by `make docs` from src/duologue/wire/widget.py: change that, not this.\n"


def widget_types() -> str:
    """What the widget doors answer."""
    return "\n".join([NOTE, *interfaces(wire.WidgetFace)])
