"""Prefactor's API as its client expects it: it remembers, and refuses what it does not know."""

from __future__ import annotations

import json
from typing import Any, Final

from tests.trace.receiver import Answer, Request

NOW: Final = "1970-01-01T00:00:00+00:00"


class PrefactorApi:
    """A behaviour for a Receiver; `instances` and `spans` are what it was told, by id."""

    def __init__(self, *, mints: bool = False, bulk: bool = True) -> None:
        self.instances: dict[str, dict[str, Any]] = {}
        self.spans: dict[str, dict[str, Any]] = {}
        self.qualities: list[dict[str, Any]] = []
        self.refused: list[dict[str, Any]] = []
        self.control: dict[str, Any] | None = None
        self.terminated: set[str] = set()
        self.polls = 0
        self.tokens = {"token"}
        self._mints = mints
        self._bulk = bulk
        self._answers: dict[str, dict[str, Any]] = {}

    def __call__(self, request: Request) -> Answer:
        """Answers one request."""
        if request.headers.get("authorization", "").removeprefix("Bearer ") not in self.tokens:
            return _json(401, {"status": "error", "code": "unauthorized", "message": "no"})
        match request.method, request.path.removeprefix("/api/v1/").split("/"):
            case "GET", ["ping"]:
                return _json(200, {"status": "success"})
            case "POST", ["agent_instance", "register"]:
                return self._register(request.json)
            case "POST", ["agent_instance", id_, act]:
                return self._act(id_, act, request.json)
            case "GET", ["agent_instance", id_]:
                self.polls += 1
                over = id_ in self.terminated
                told = {"id": id_, "status": "terminated" if over else "active"}
                return _json(
                    200, {"details": told | ({"termination_reason": "costs"} if over else {})}
                )
            case "POST", ["agent_spans"]:
                return self._answered(self._create(request.json["details"]))
            case "POST", ["agent_spans", id_, "finish"]:
                return self._finish(id_, request.json)
            case "POST", ["bulk"] if self._bulk:
                return self._in_bulk(request.json["items"])
        return _json(404, {"status": "error", "code": "not_found", "message": request.path})

    def named(self, schema: str) -> list[dict[str, Any]]:
        """The steps of a span type, in the order they began."""
        found = [span for span in self.spans.values() if span["schema_name"] == schema]
        return sorted(found, key=lambda span: str(span["started_at"]))

    def _register(self, told: dict[str, Any]) -> Answer:
        if self._mints and "id" in told:
            return _json(422, {"status": "error", "code": "invalid", "message": "id is no pfid"})
        id_ = told.get("id") or f"minted-{len(self.instances)}"
        self.instances.setdefault(id_, told | {"status": "pending"})
        return _json(200, self._instance(id_))

    def _act(self, id_: str, act: str, told: dict[str, Any]) -> Answer:
        instance = self.instances.get(id_)
        if instance is None:
            return _json(404, {"status": "error", "code": "not_found", "message": id_})
        if act == "record_quality":
            self.qualities.append(told)
        elif act == "finish" and "finished_at" in instance:
            return _json(409, {"status": "error", "code": "conflict", "message": "terminal"})
        else:
            status = "active" if act == "start" else told["status"]
            at = "started_at" if act == "start" else "finished_at"
            instance |= {"status": status, at: told.get("timestamp")}
        return self._answered(self._instance(id_))

    def _create(self, told: dict[str, Any]) -> dict[str, Any]:
        key = told["idempotency_key"]
        assert len(key) <= 64
        if key in self._answers:
            return self._answers[key]
        parent = told.get("parent_span_id")
        if told["agent_instance_id"] not in self.instances or (parent and parent not in self.spans):
            self.refused.append(told)
            return {"status": "error", "code": "not_found", "message": "no such parent"}
        if "refuse" in json.dumps(told["payload"]):
            self.refused.append(told)
            return {"status": "error", "code": "invalid", "message": "refused"}
        named = "id" in told and not self._mints
        id_ = told["id"] if named else f"minted-{len(self.spans)}"
        self.spans[id_] = {"started_at": NOW, **told}
        self._answers[key] = self._span(id_)
        return self._answers[key]

    def _finish(self, id_: str, told: dict[str, Any]) -> Answer:
        if id_ not in self.spans:
            return _json(404, {"status": "error", "code": "not_found", "message": id_})
        self.spans[id_] |= {
            "status": told["status"],
            "result_payload": told.get("result_payload"),
            "finished_at": told["timestamp"],
        }
        return self._answered(self._span(id_))

    def _instance(self, id_: str) -> dict[str, Any]:
        """An instance, with all that prefactor-http insists on."""
        names = ("account_id", "agent_id", "agent_version_id", "environment_id")
        told = dict.fromkeys((*names, "agent_deployment_id"), "one")
        about = {"type": "agent_instance", "id": id_, "inserted_at": NOW, "updated_at": NOW}
        status = self.instances[id_].get("status", "active")
        return {"status": "success", "details": told | about | {"status": status}}

    def _span(self, id_: str) -> dict[str, Any]:
        span = self.spans[id_]
        about = {name: span[name] for name in ("agent_instance_id", "schema_name", "status")}
        return {"status": "success", "details": {"type": "agent_span", "id": id_, **about}}

    def _in_bulk(self, items: list[dict[str, Any]]) -> Answer:
        outputs: dict[str, Any] = {}
        for item in items:
            assert item.pop("_type") == "agent_spans/create"
            told = outputs[item["idempotency_key"]] = self._create(item)
            if told["status"] == "error":
                break
        return self._answered({"status": "success", "outputs": outputs})

    def _answered(self, told: dict[str, Any]) -> Answer:
        if self.control is not None:
            told = told | {"control": self.control}
        return _json(422 if told["status"] == "error" else 200, told)


def _json(code: int, told: dict[str, Any]) -> Answer:
    return Answer(code, json.dumps(told).encode())
