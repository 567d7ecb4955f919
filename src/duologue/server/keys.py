"""The owners' door for keys: which there are, a public one for a page, and one made void."""

from __future__ import annotations

from shlex import quote
from typing import Any

import msgspec
from litestar import Controller, Request, delete, get, post
from litestar.di import Provide

from duologue.access import keys as doorkeeper
from duologue.access.keys import Principal
from duologue.errors import DuologueError
from duologue.pipeline.host import Host
from duologue.server.owners import principal_of
from duologue.store import keys
from duologue.store.records import Key
from duologue.wire.keys import KeyList, KeyView, NewKey, PublicKeyRequest


class Keys(Controller):
    """What opens the doors."""

    path = "/v1/keys"
    tags = ("Keys",)
    dependencies = {"principal": Provide(principal_of)}  # noqa: RUF012  # Litestar's way

    @get("/")
    async def list_keys(self, host: Host, principal: Principal) -> KeyList:
        """All keys of the organization, void ones included; no text of any."""
        principal.require("admin")
        found = await host.db.read(keys.all, principal.org_id)
        return KeyList(items=[_view(each) for each in found])

    @post("/")
    async def create_public_key(
        self,
        request: Request[Any, Any, Any],
        host: Host,
        principal: Principal,
        data: PublicKeyRequest,
    ) -> NewKey:
        """A public key for pages; secret keys are made where the server is: `duologue keys`."""
        principal.require("admin")
        _require_own_page(request, principal, _creating(data))
        made, text = await host.db.write(
            doorkeeper.create,
            principal.org_id,
            kind="public",
            name=data.name,
            agent=data.agent,
            origins=data.origins,
            scopes=(),
            expires_at=None,
            now=host.clock(),
        )
        return NewKey(key=text, made=_view(made))

    @delete("/{key:str}", status_code=200)
    async def revoke_key(
        self, request: Request[Any, Any, Any], host: Host, principal: Principal, key: str
    ) -> KeyView:
        """Makes a key void at once; sessions that it opened are closed."""
        principal.require("admin")
        _require_own_page(request, principal, f"revoke {quote(key)}")
        made = await host.db.write(keys.revoke, principal.org_id, key, host.clock())
        if made is None:
            raise DuologueError("key_not_found", key=key)
        return _view(made)


def _require_own_page(request: Request[Any, Any, Any], principal: Principal, deed: str) -> None:
    """Refuses other pages of this machine: they may talk without a key, and change nothing."""
    origin = request.headers.get("origin")
    own = f"{request.url.scheme}://{request.headers.get('host', '')}"
    if principal.kind == "local" and origin not in (None, own):
        raise DuologueError("page_refused", origin=origin, own=own, mend=f"duologue keys {deed}")


def _creating(data: PublicKeyRequest) -> str:
    """What makes the same key at the server; the words of a page are quoted for a shell."""
    origins = [f"--origin {quote(origin)}" for origin in data.origins]
    return " ".join([f"create --kind public --agent {quote(data.agent)}", *origins])


def _view(key: Key) -> KeyView:
    return msgspec.convert(key, KeyView, from_attributes=True)
