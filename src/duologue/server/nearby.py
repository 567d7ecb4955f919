"""Who needs no key: in `dev`, whoever sits at this machine, and nobody who only seems to."""

from __future__ import annotations

from typing import Any, Literal

from litestar import Request

from duologue.access import keys
from duologue.access.keys import Principal
from duologue.access.origins import is_loopback

Mode = Literal["dev", "serve"]


class Nearby:
    """Tells people at this machine from everybody else.

    The socket must be bound to loopback, and a public address must not lead here by way of a
    proxy. Then still a page of elsewhere may call, whose name was made to mean this machine (DNS
    rebinding): such a request names that page in `Host`, and often nowhere else.
    """

    def __init__(self, mode: Mode, organization_id: str, *, bound: str, public_url: str) -> None:
        open_here = mode == "dev" and is_loopback(bound)
        if public_url:
            open_here = open_here and is_loopback(public_url.rstrip("/"))
        self._principal = keys.local(organization_id) if open_here else None

    def who(self, request: Request[Any, Any, Any]) -> Principal | None:
        """The one who asks, if a request without a key comes from this machine."""
        origin = request.headers.get("origin")
        host = request.headers.get("host", "")
        if not is_loopback(f"http://{host}") or not (origin is None or is_loopback(origin)):
            return None
        return self._principal
