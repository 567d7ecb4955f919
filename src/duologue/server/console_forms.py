"""How forms of the console are read."""

from __future__ import annotations

from typing import Any

from litestar import Request

from duologue.console.pages.forms import Form
from duologue.errors import DuologueError


async def filled(request: Request[Any, Any, Any], *known: str) -> Form:
    """The form that was sent; a field that it does not have, and a file, are refused by name."""
    given = list((await request.form()).multi_items())
    for name, value in given:
        if not isinstance(value, str):
            reason = f"the field {name[:60]!r} is a file; it must be text"
            raise DuologueError("bad_request", reason=reason)
    return Form.of(given, *known)
