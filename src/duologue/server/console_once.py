"""What is shown once, on the page after it was made: in a cookie of that page, kept by nobody.

So it does not matter which process makes it, and which one draws the page.
"""

from __future__ import annotations

import re
from typing import Any, Final

from litestar import Request, Response

from duologue.access.console import Reader
from duologue.pipeline.host import Host
from duologue.server.console_page import away
from duologue.server.reached import address

COOKIE: Final = "duologue_once"
SECONDS: Final = 60
"""How long it waits for its page."""
_SECRET: Final = re.compile(r"dk_[a-z]+_[\w-]{43}", re.ASCII)


def away_with(
    request: Request[Any, Any, Any], host: Host, reader: Reader, secret: str, to: str
) -> Response[bytes]:
    """Sends on to the page that shows a secret."""
    answer = away(to)
    answer.set_cookie(
        COOKIE,
        f"{reader.id}.{secret}",
        max_age=SECONDS,
        path=to,
        secure=address(request, host.settings.public_url).startswith("https://"),
        httponly=True,
        samesite="strict",
    )
    return answer


def brought(request: Request[Any, Any, Any], reader: Reader) -> str:
    """The secret that this reader made just before this page; else nothing."""
    who, _, secret = request.cookies.get(COOKIE, "").partition(".")
    return secret if who == reader.id and _SECRET.fullmatch(secret) else ""


def shown(answer: Response[Any], at: str) -> Response[Any]:
    """Forgets the secret that the page at this path shows."""
    answer.delete_cookie(COOKIE, path=at)
    return answer
