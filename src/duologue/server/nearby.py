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
    proxy. Then still two may come from elsewhere: whoever a tunnel lets in, which uvicorn gives the
    address that the tunnel saw; and a page whose name was made to mean this machine (DNS
    rebinding), which is named in `Host`, and often nowhere else.
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
        near = (
            request.client is not None
            and is_loopback(as_page(request.client.host))
            and is_loopback(f"http://{host}")
            and (origin is None or is_loopback(origin))
        )
        return self._principal if near else None


def as_page(address: str) -> str:
    """The address of a page at this IP address."""
    return f"http://[{address}]" if ":" in address else f"http://{address}"
