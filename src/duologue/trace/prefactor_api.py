"""Prefactor's API: its requests, what their answers mean, and what it may say besides."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import msgspec

from duologue.trace.sending import Sender

if TYPE_CHECKING:
    import httpx

log = logging.getLogger("duologue.trace")

_AT_ONCE: Final = 100
"""Steps in one bulk request."""
_BYTES: Final = 800_000
"""How long one bulk request may be, but for a single step that is longer."""
_THEIRS: Final = 10_000
"""How many ids of theirs are remembered, where they do not take ours."""

Heard = Callable[[str], None]
"""Is called when the other side wants the session to end, with its reason."""


class Denied(Exception):
    """The other side does not want this, and will not want it again."""


class Api:
    """One account's API; `create` sends many steps in one request where it can."""

    def __init__(self, url: str, token: str, *, patience: float = 10.0) -> None:
        if not token:
            raise ValueError("api_token is empty; it is the key that lets us in")
        from importlib.metadata import version

        headers = {
            "authorization": f"Bearer {token}",
            "x-prefactor-sdk": f"duologue@{version('duologue')}",
        }
        self._sender = Sender(url, headers, patience=patience)
        self.where = self._sender.url
        self._bulk = True
        self._named = True
        self._theirs: dict[str, str] = {}

    async def close(self) -> None:
        """Closes its connections."""
        await self._sender.close()

    async def register(self, about: dict[str, Any], heard: Heard) -> str:
        """Registers an instance under the id that we gave it, or else one of theirs."""
        path = "/agent_instance/register"
        if self._named:
            code, told = await self._post(path, about, heard)
            if code not in (400, 422):
                return _id(path, code, told)
            self._named = False
        code, told = await self._post(
            path, {name: value for name, value in about.items() if name != "id"}, heard
        )
        return _id(path, code, told)

    async def act(self, path: str, body: Mapping[str, Any], heard: Heard) -> None:
        """Starts, finishes or judges; what is so already is no error."""
        code, told = await self._post(path, body, heard)
        if code >= 400 and code != 409:
            raise Denied(_words(path, code, told))

    async def finish(self, step: str, body: Mapping[str, Any], heard: Heard) -> None:
        """Finishes a step that was created before."""
        await self.act(f"/agent_spans/{self._theirs.get(step, step)}/finish", body, heard)

    async def look(self, path: str, heard: Heard) -> None:
        """Asks how an instance is, and hears whether it is to end."""
        answer = await self._sender.ask("GET", f"/api/v1{path}")
        told = _read(answer)
        _listen(told, heard)
        details = told.get("details")
        if isinstance(details, Mapping) and details.get("status") == "terminated":
            heard(str(details.get("termination_reason") or ""))

    async def create(self, items: Sequence[dict[str, Any]], heard: Heard) -> int:
        """Creates steps in their order; how many were refused."""
        lost = 0
        rest = list(items)
        while rest:
            part, size = 0, 0
            ids = set[str]()
            while part < min(len(rest), _AT_ONCE) and (not part or size < _BYTES):
                if self._theirs and rest[part].get("parent_span_id") in ids:
                    break  # its parent's id is theirs to give
                ids.add(rest[part]["id"])
                size += len(msgspec.json.encode(rest[part], enc_hook=str))
                part += 1
            if part > 1 and self._bulk:
                done, failed = await self._in_bulk(rest[:part], heard)
            else:
                done, failed = 1, await self._alone(rest[0], heard)
            lost += failed
            del rest[:done]
        return lost

    async def _in_bulk(self, items: Sequence[dict[str, Any]], heard: Heard) -> tuple[int, int]:
        """Sends steps together; how many were dealt with, and how many of those were refused."""
        body = {"items": [{"_type": "agent_spans/create", **self._meant(item)} for item in items]}
        code, told = await self._post("/bulk", body, heard)
        outputs = told.get("outputs")
        if code >= 400 or not isinstance(outputs, Mapping) or not outputs:
            # One that it cannot read may have spoilt it for all: each for itself, then.
            if code in (404, 405, 501):
                self._bulk = False
            lost = 0
            for item in items:
                lost += await self._alone(item, heard)
            return len(items), lost
        done = lost = 0
        for item in items:
            output = outputs.get(item["idempotency_key"])
            if not isinstance(output, Mapping):
                break  # it stops at the first that it refuses
            done += 1
            _listen(output, heard)
            self._learn(item, output)
            if output.get("status") == "error" and output.get("code") != "conflict":
                lost += 1
                log.warning("A step was refused: %s", _words("/bulk", code, output))
        if not done:
            return 1, await self._alone(items[0], heard)
        return done, lost

    async def _alone(self, item: dict[str, Any], heard: Heard) -> int:
        code, told = await self._post("/agent_spans", {"details": self._meant(item)}, heard)
        self._learn(item, told)
        if code >= 400 and code != 409:
            log.warning("A step was refused: %s", _words("/agent_spans", code, told))
            return 1
        return 0

    def _meant(self, item: dict[str, Any]) -> dict[str, Any]:
        """A step with its parent's id as they know it."""
        parent = self._theirs.get(item.get("parent_span_id", ""))
        return item if parent is None else {**item, "parent_span_id": parent}

    def _learn(self, item: Mapping[str, Any], told: Mapping[str, Any]) -> None:
        """Remembers the id of a step, where it is not the one that we gave it."""
        details = told.get("details")
        theirs = details.get("id") if isinstance(details, Mapping) else None
        if isinstance(theirs, str) and theirs != item["id"]:
            self._theirs[item["id"]] = theirs
            while len(self._theirs) > _THEIRS:
                del self._theirs[next(iter(self._theirs))]

    async def _post(
        self, path: str, body: Mapping[str, Any], heard: Heard
    ) -> tuple[int, dict[str, Any]]:
        answer = await self._sender.post(
            f"/api/v1{path}", msgspec.json.encode(body, enc_hook=str), "application/json"
        )
        told = _read(answer)
        _listen(told, heard)
        return answer.status_code, told


def _listen(told: Mapping[str, Any], heard: Heard) -> None:
    """Hears the kill switch that any answer may hold."""
    control = told.get("control")
    if isinstance(control, Mapping) and control.get("terminate"):
        heard(str(control.get("reason") or ""))


def _read(answer: httpx.Response) -> dict[str, Any]:
    try:
        told = msgspec.json.decode(answer.content)
    except msgspec.DecodeError:
        return {}
    return told if isinstance(told, dict) else {}


def _id(path: str, code: int, told: Mapping[str, Any]) -> str:
    details = told.get("details")
    if code >= 400 or not isinstance(details, Mapping) or "id" not in details:
        raise Denied(_words(path, code, told))
    return str(details["id"])


def _words(path: str, code: int, told: Mapping[str, Any]) -> str:
    """What an answer says is wrong."""
    said = told.get("message") or told.get("code") or "no reason given"
    more = f" {told['errors']}" if told.get("errors") else ""
    return f"{path} answered {code}: {said}{more}"[:500]
