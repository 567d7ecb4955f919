"""A site's own server that opens sessions for its pages: what it answers is up to the test."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, Final

from tests.origin import Asked, Origin

Answer = Callable[[dict[str, Any]], dict[str, Any]]
OPEN: Final = {
    "access-control-allow-origin": "*",
    "access-control-allow-headers": "content-type",
}
"""Pages of any origin may ask, and read the answer."""


class BackEnd(Origin):
    """Answers each request of a page, of any origin, with what `answer` makes of it."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer
        self.asked: list[dict[str, Any]] = []
        """The bodies of its requests, oldest first."""
        super().__init__()

    @property
    def url(self) -> str:
        """Where pages ask it."""
        return f"{super().url}/voice-session"

    def _handler(self) -> type[Asked]:
        site = self

        class Handler(Asked):
            def options(self) -> None:
                self.answer("application/json", b"", headers=OPEN)

            def post(self) -> None:
                asked = json.loads(self.body())
                site.asked.append(asked)
                answer = json.dumps(site._answer(asked)).encode()
                self.answer("application/json", answer, headers=OPEN)

        return Handler
