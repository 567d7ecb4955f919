"""Bodies of requests in a foreign dialect: JSON of any form, but not of any depth."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec

from duologue.errors import DuologueError

DEEPEST: Final = 64
"""Levels of lists and objects within a field of a request."""
CLEAN: Final = r"\A[^\x00]*\Z"
"""The pattern of a text that can be kept: PostgreSQL has no NUL, and nobody needs one."""


def read_object(body: bytes) -> dict[str, Any]:
    """The JSON object of a body, or a refusal that says what is wrong; nothing is an empty one."""
    try:
        asked = msgspec.json.decode(body or b"null")
    except RecursionError:
        raise too_deep() from None
    except (msgspec.DecodeError, UnicodeError) as error:
        raise DuologueError("bad_request", reason=error) from None
    if asked is None:
        return {}
    if not isinstance(asked, dict):
        raise DuologueError("bad_request", reason="the body must be a JSON object")
    # Counting is quick, and nearly every body has too few brackets to be deep.
    if body.count(b"{") + body.count(b"[") > DEEPEST:
        require_shallow(asked.values())
    return asked


def require_shallow(fields: Iterable[Any]) -> None:
    """Refuses what would be too deep to be written, or read again, by functions that recur."""
    level = [one for one in fields if isinstance(one, dict | list)]
    for _ in range(DEEPEST):
        inner = [each.values() if isinstance(each, dict) else each for each in level]
        level = [one for each in inner for one in each if isinstance(one, dict | list)]
        if not level:
            return
    raise too_deep()


def named(
    asked: dict[str, Any], names: dict[str, str], into: dict[str, Any] | None = None
) -> dict[str, Any]:
    """The fields of `names`, each under the name that it means; null is as good as missing.

    Where a field comes under two names, the one that stands later in `names` counts.
    """
    found: dict[str, Any] = {} if into is None else into
    for name, meant in names.items():
        value = asked.get(name)
        if value is not None:
            found[meant] = value
    return found


def too_deep() -> DuologueError:
    """The refusal of what is nested too deep."""
    return DuologueError("bad_request", reason=f"it is nested deeper than {DEEPEST} levels")
