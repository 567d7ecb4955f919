"""The Prefactor door: instances, steps, repeats, refusals, termination and what is kept of it."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.server.conftest import Desk
from tests.serving import House

from duologue.server.prefactor import MOST
from duologue.trace.entries import Span, Trace, Turn
from duologue.trace.schemas import agent_schema
from duologue.trace.sink_prefactor import PrefactorSink

BEGIN = int(time.time()) - 2 * 3600
VERSION = {"name": "Front desk", "external_identifier": "v1"}
SCHEMA = {"external_identifier": "v1", "span_type_schemas": [{"name": "x", "params_schema": {}}]}


class Api:
    """A client of the door, with one key."""

    def __init__(self, desk: Desk, key: str) -> None:
        self._desk = desk
        self.key = key

    def ask(self, method: str, path: str, body: Any = None, **query: str) -> httpx.Response:
        """One request."""
        content = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
        headers = {"authorization": f"Bearer {self.key}"} if self.key else {}
        return self._desk.http.request(
            method, f"/api/v1{path}", content=content, headers=headers, params=query
        )

    def post(self, path: str, code: int = 200, **body: Any) -> dict[str, Any]:
        """What a request is answered, which must have that code."""
        answer = self.ask("POST", path, body)
        assert answer.status_code == code, answer.text
        return answer.json()  # type: ignore[no-any-return]  # of JSON

    def register(self, **more: Any) -> str:
        """The id of a new instance."""
        answer = self.post(
            "/agent_instance/register", agent_version=VERSION, agent_schema_version=SCHEMA, **more
        )
        return str(answer["details"]["id"])

    def step(self, instance: str, schema: str, key: str = "", **more: Any) -> str:
        """The id of a new step."""
        details = {"agent_instance_id": instance, "schema_name": schema, "status": "active"}
        details |= {"idempotency_key": key} if key else {}
        return str(self.post("/agent_spans", details=details | more)["details"]["id"])


def key_of(desk: Desk, scope: str) -> str:
    """A secret key with one scope."""
    return str(desk.house.command("keys", "create", "--kind", "secret", "--scope", scope)["key"])


@pytest.fixture(scope="module")
def api(desk: Desk) -> Api:
    """A program that may tell, and nothing else."""
    return Api(desk, key_of(desk, "ingest"))


def written(seconds: int) -> str:
    """A moment that long after the beginning, as text."""
    return datetime.fromtimestamp(BEGIN + seconds, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def whole(desk: Desk, instance: str) -> dict[str, Any]:
    """All that is kept of a run."""
    answer = desk.ask("GET", f"/v1/traces/run_{instance}")
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]  # of JSON


def test_a_conversation_becomes_a_run_with_its_turns(desk: Desk, api: Api) -> None:
    """Both halves of a spoken turn, its model, voice and tool, with the times of their source."""
    run = api.register(idempotency_key="a run of one turn", purpose="eval")
    api.post(f"/agent_instance/{run}/start", timestamp=written(0))
    root = api.step(run, "livekit:session")
    said = {"turn_index": 1, "created_at": BEGIN + 1.0, "started_at": BEGIN + 1.0}
    user = api.step(run, "livekit:user_turn", payload=said, parent_span_id=root)
    waits = {"end_of_utterance_delay": 0.6, "transcription_delay": 0.4}
    heard = {
        "transcript": "A table?",
        "finished_at": BEGIN + 2,
        "metrics": {"eou": {"metrics": waits}},
    }
    api.post(f"/agent_spans/{user}/finish", status="complete", result_payload=heard)
    replies = {"turn_index": 2, "created_at": BEGIN + 3.0}
    answer = api.step(run, "livekit:assistant_turn", payload=replies, parent_span_id=root)
    llm = api.step(run, "livekit:llm", parent_span_id=answer, payload={"model_name": "m"})
    figures = {
        "timestamp": BEGIN + 3.5, "duration": 0.5, "ttft": 0.25,
        "prompt_tokens": 9, "completion_tokens": 4,
    }  # fmt: skip
    api.post(f"/agent_spans/{llm}/finish", result_payload={"metrics": figures})
    inputs = {"tool_name": "book", "inputs": {"at": 8}, "created_at": BEGIN + 4}
    tool = api.step(run, "livekit:tool:book", parent_span_id=answer, payload=inputs)
    api.post(f"/agent_spans/{tool}/finish", status="failed", result_payload={"is_error": True})
    voice = {"timestamp": BEGIN + 5, "metrics": {"ttfb": 0.2, "duration": 0.3}}
    out = {
        "outputs": {"message": {"content": ["At eight."], "metrics": {"e2e_latency": 1.5}}},
        "metrics": {"tts": [voice]},
        "finished_at": BEGIN + 6,
    }
    api.post(f"/agent_spans/{answer}/finish", result_payload=out)
    api.post(f"/agent_spans/{root}/finish", result_payload={"usage": {"model_usage": [{"n": 1}]}})
    api.post(f"/agent_instance/{run}/finish", status="complete")

    kept = whole(desk, run)
    assert (kept["source"], kept["agent"], kept["agent_version"]) == (
        "prefactor",
        "Front desk",
        "v1",
    )
    assert (kept["status"], kept["usage"], kept["tool_errors"]) == ("complete", [{"n": 1}], 1)
    (turn,) = kept["turn_list"]
    assert (turn["user_text"], turn["agent_text"]) == ("A table?", "At eight.")
    assert (turn["eou_ms"], turn["llm_ms"], turn["tts_ms"], turn["e2e_ms"]) == (600, 250, 200, 1500)
    assert (turn["input_tokens"], turn["output_tokens"], turn["tools"]) == (9, 4, 1)
    kinds = {span["name"]: span["kind"] for span in kept["spans"]}
    assert (kinds["livekit:tool:book"], kinds["livekit:llm"]) == ("tool", "llm")

    read = api.ask("GET", "/agent_spans", agent_instance_id=run).json()["details"]
    assert [each["id"] for each in read if each["schema_name"] == "livekit:session"] == [root]
    by_id = {each["id"]: each for each in read}
    assert len(read) == 5
    assert by_id[tool]["payload"] == inputs
    assert by_id[tool]["parent_span_id"] == answer
    assert by_id[answer]["result_payload"] == out
    assert by_id[llm]["started_at"].startswith(written(3).replace("Z", "+00:00"))
    later = {"start_time": written(4), "end_time": written(5)}
    few = api.ask("GET", "/agent_spans", agent_instance_id=run, **later).json()["details"]
    assert [each["id"] for each in few] == [tool]
    listed = api.ask("GET", "/agent_instance").json()["details"]
    assert (run, "complete") in [(each["id"], each["status"]) for each in listed]


def test_a_repeat_is_answered_and_changes_nothing(api: Api) -> None:
    """Every request by its key; without one, or with another, what is so already is a conflict."""
    first = api.register(idempotency_key="the very same")
    assert api.register(idempotency_key="the very same") == first
    path = f"/agent_instance/{first}"
    started = api.post(f"{path}/start", idempotency_key="s")
    assert started["details"]["status"] == "active"
    assert api.post(f"{path}/start", idempotency_key="s") == started
    assert api.post(f"{path}/start", 409, idempotency_key="t")["code"] == "conflict"
    step = api.step(first, "agent:work", "one key", payload={"n": 1})
    assert api.step(first, "agent:work", "one key", payload={"n": 1}) == step
    done = api.post(f"/agent_spans/{step}/finish", status="failed", idempotency_key="f")
    assert api.post(f"/agent_spans/{step}/finish", idempotency_key="f") == done
    assert api.post(f"/agent_spans/{step}/finish", 409)["status"] == "error"
    over = api.post(f"{path}/finish", status="cancelled", idempotency_key="e")
    assert over["details"]["status"] == "cancelled"
    assert api.post(f"{path}/finish", status="cancelled", idempotency_key="e") == over
    api.post(f"{path}/finish", 409, idempotency_key="another")
    steps = api.ask("GET", "/agent_spans", agent_instance_id=first).json()["details"]
    assert [each["status"] for each in steps] == ["failed"]


def test_own_ids_are_kept_apart(desk: Desk, api: Api) -> None:
    """An id of any form names an instance; a taken one is refused by its field."""
    named = api.register(id="agent_instance_0001", idempotency_key="n")
    assert named == "agent_instance_0001"
    assert api.ask("GET", f"/agent_instance/{named}").json()["details"]["status"] == "pending"
    body = {"agent_version": VERSION, "agent_schema_version": SCHEMA, "id": named}
    assert "id" in api.post("/agent_instance/register", 422, **body)["errors"]
    step = api.step(named, "x", id="mine")
    details = {"agent_instance_id": named, "schema_name": "x", "status": "active", "id": "mine"}
    assert "id" in api.post("/agent_spans", 422, details=details)["errors"]
    below = api.step(named, "x", parent_span_id="mine")
    read = api.ask("GET", "/agent_spans", agent_instance_id=named).json()["details"]
    assert {each["id"]: each["parent_span_id"] for each in read} == {step: None, below: step}


def test_an_owner_ends_an_instance(desk: Desk, api: Api) -> None:
    """Its program hears of it with each answer and when it asks; who tells may not end."""
    run = api.register()
    step = api.step(run, "livekit:session")
    path = f"/agent_instance/{run}"
    assert api.post(f"{path}/terminate", 403)["code"] == "forbidden"
    owner = Api(desk, key_of(desk, "sessions"))
    ended = owner.post(f"{path}/terminate", reason="too dear")
    assert owner.post(f"{path}/terminate") == ended
    seen = api.ask("GET", path).json()["details"]
    assert (seen["status"], seen["termination_reason"]) == ("terminated", "too dear")
    finished = api.post(f"/agent_spans/{step}/finish")
    assert finished["control"] == {"terminate": True, "reason": "too dear"}
    api.post(f"{path}/finish", 409)
    kept = whole(desk, run)
    assert (kept["status"], kept["reason"]) == ("terminated", "too dear")


def test_a_failed_session_is_a_failed_run(desk: Desk, api: Api) -> None:
    """The client says that all went well; the run says what happened, and its error counts."""
    run = api.register()
    step = api.step(run, "livekit:session")
    wrong = {"error_type": "APIError", "message": "no quota"}
    api.step(run, "livekit:error", payload=wrong, status="failed", parent_span_id=step)
    api.post(f"/agent_spans/{step}/finish", status="failed", result_payload={"error": wrong})
    told = api.post(f"/agent_instance/{run}/finish", status="complete")
    assert told["details"]["status"] == "complete"
    kept = whole(desk, run)
    assert kept["status"] == "failed"
    errors = [span for span in kept["spans"] if span["kind"] == "error"]
    assert [(e["error"], e["attributes"]["error.message"]) for e in errors] == [
        ("APIError", "no quota")
    ]


def test_judgements_are_kept_and_taken_back(api: Api) -> None:
    """By their names; others stay."""
    path = f"/agent_instance/{api.register()}"
    api.post(f"{path}/record_quality", name="tone", payload={"score": 3})
    told = api.post(f"{path}/record_quality", name="facts", payload={"score": 5})
    assert told["details"]["quality_payloads"] == {"tone": {"score": 3}, "facts": {"score": 5}}
    told = api.post(f"{path}/record_quality", name="tone", payload=None)
    assert told["details"]["quality_payloads"] == {"facts": {"score": 5}}


def test_several_things_in_one_request(api: Api) -> None:
    """Each by its key, in their order, until the first that is refused."""
    run = api.register()
    make = {
        "_type": "agent_spans/create",
        "agent_instance_id": run,
        "schema_name": "a",
        "status": "active",
    }
    items = [
        make | {"idempotency_key": "bulk key 1", "id": "00000000000000aa"},
        make | {"idempotency_key": "bulk key 2", "parent_span_id": "00000000000000aa"},
        make | {"idempotency_key": "bulk key 3", "parent_span_id": "nobody"},
        make | {"idempotency_key": "bulk key 4"},
    ]
    outputs = api.post("/bulk", items=items)["outputs"]
    assert {key: told["status"] for key, told in outputs.items()} == {
        "bulk key 1": "success", "bulk key 2": "success", "bulk key 3": "error",
    }  # fmt: skip
    assert "parent_span_id" in outputs["bulk key 3"]["errors"]
    first = outputs["bulk key 1"]["details"]["id"]
    blank: dict[str, Any] = {"agent_version": {}, "agent_schema_version": {}}
    rest = [
        {"_type": f"{kind}", "idempotency_key": f"another key {number}"} | more
        for number, (kind, more) in enumerate(
            [
                ("agent_spans/finish", {"agent_span_id": first}),
                ("agent_instances/start", {"id": run}),
                ("agent_instances/record_quality", {"id": run, "name": "q", "payload": {}}),
                ("agent_instances/finish", {"id": run}),
                ("agent_instances/register", blank),
                ("agents/list", {}),
            ]
        )
    ]
    outputs = api.post("/bulk", items=rest)["outputs"]
    assert [told["status"] for told in outputs.values()] == ["success"] * 5 + ["error"]
    twice = [items[0], items[0]]
    assert "items" in api.post("/bulk", 422, items=twice)["errors"]
    short = make | {"idempotency_key": "short"}
    assert "idempotency_key" in api.post("/bulk", 422, items=[items[0], short])["errors"]


@pytest.mark.parametrize(
    ("path", "body", "field"),
    [
        ("/agent_instance/register", {"agent_version": {}}, "body"),
        ("/agent_instance/register", {"agent_version": 3}, "agent_version"),
        ("/agent_instance/{run}/start", {"timestamp": "noon"}, "timestamp"),
        ("/agent_instance/{run}/start", {"timestamp": "0001-01-01T00:00:00"}, "timestamp"),
        ("/agent_instance/{run}/finish", {"status": "fine"}, "status"),
        ("/agent_instance/{run}/finish", {"idempotency_key": "k" * 65}, "idempotency_key"),
        ("/agent_spans", {"details": {"agent_instance_id": "{run}"}}, "details"),
        ("/bulk", {"items": []}, "items"),
    ],
)  # fmt: skip
def test_what_is_malformed_is_refused_by_its_field(
    api: Api, path: str, body: dict[str, Any], field: str
) -> None:
    """In Prefactor's own envelope, and nothing of it is kept."""
    run = api.register(idempotency_key="one for all that is malformed")
    told = api.post(path.replace("{run}", run), 422, **body)
    assert (told["status"], told["code"]) == ("error", "validation_error")
    assert field in told["errors"]
    assert api.ask("GET", f"/agent_instance/{run}").json()["details"]["status"] == "pending"


def test_bytes_that_are_no_json_and_too_many_of_them(api: Api) -> None:
    """A body of a million bytes is taken, and kept within what a step may have."""
    assert api.ask("POST", "/bulk", b"{").json()["code"] == "bad_request"
    answer = api.ask("POST", "/bulk", b" " * (MOST + 1))
    assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
    assert f"at most {MOST} bytes" in answer.json()["message"]
    assert "Send the items of a bulk request in several" in answer.json()["message"]
    run = api.register()
    step = api.step(run, "livekit:session")
    told = api.post(f"/agent_spans/{step}/finish", result_payload={"all": "a" * 1_000_000})
    assert told["details"]["status"] == "complete"
    assert 1000 < len(told["details"]["result_payload"]["cut"]) < 20_000


def test_who_may_not_tell_hears_why(desk: Desk, api: Api) -> None:
    """And what belongs to others is not there, nor what was told otherwise."""
    for key, code, word in (
        ("", 401, "unauthorized"),
        ("dk_secret_nobody", 401, "unauthorized"),
        (desk.key, 403, "forbidden"),
    ):
        answer = Api(desk, key).ask("GET", "/ping")
        assert (answer.status_code, answer.json()["code"]) == (code, word)
    assert api.ask("GET", "/ping").json()["status"] == "success"
    run = api.register()
    step = api.step(run, "x")
    assert Api(desk, desk.key).ask("GET", f"/agent_instance/{run}").status_code == 200
    other = f"/agent_instance/{'f' * 32}"
    assert api.ask("GET", other).json()["code"] == "not_found"
    for path in (f"{other}/start", f"/agent_instance/{run}/dance", "/agent_spans/none/finish"):
        assert api.post(path, 404)["code"] == "not_found"
    api.post(f"/agent_spans/{step[:32]}{'f' * 16}/finish", 404)


def test_what_belongs_to_others_is_not_there(desk: Desk, api: Api) -> None:
    """Nor can it be told of, or taken over by its id."""
    desk.house.command("orgs", "create", "rivals")
    options = ("--kind", "secret", "--scope", "ingest", "--org", "rivals")
    rival = Api(desk, str(desk.house.command("keys", "create", *options)["key"]))
    run = api.register(idempotency_key="both say this")
    step = api.step(run, "x")
    assert rival.ask("GET", f"/agent_instance/{run}").status_code == 404
    assert rival.ask("GET", "/agent_spans", agent_instance_id=run).status_code == 404
    rival.post(f"/agent_instance/{run}/finish", 404)
    rival.post(f"/agent_spans/{step}/finish", 404)
    rival.register(idempotency_key="both say this")
    rival.post(f"/agent_instance/{run}/finish")
    assert api.ask("GET", f"/agent_instance/{run}").json()["details"]["status"] == "pending"
    assert rival.ask("GET", "/agent_spans", agent_instance_id=run).json()["details"] == []


def test_nothing_is_kept_where_the_owner_wants_none(tmp_path: Path) -> None:
    """Words stay out with `metadata`; a key has a pace."""
    with House(tmp_path / "data", trace="metadata", authorize_per_minute=20) as house:
        desk = Desk(house)
        api = Api(desk, key_of(desk, "ingest"))
        run = api.register()
        step = api.step(run, "livekit:user_turn", payload={"secret": "word"})
        api.post(f"/agent_spans/{step}/finish", result_payload={"transcript": "word"})
        assert "word" not in json.dumps(whole(desk, run))
        assert (
            api.ask("GET", "/agent_spans", agent_instance_id=run).json()["details"][0]["payload"]
            == {}
        )
        answers = [api.ask("GET", "/ping") for _ in range(40)]
        assert answers[-1].status_code == 429
        assert answers[-1].json()["code"] == "rate_limited"
        assert int(answers[-1].headers["retry-after"]) > 0
        desk.http.close()


async def test_our_own_sink_is_understood(desk: Desk, api: Api) -> None:
    """Its ids, its bulk requests, its typed turns, and that a session was ended from here."""
    trace = "5" * 31 + "e"
    second = 1_000_000_000
    schema = agent_schema(None, livekit=True, tools=None)
    sink = PrefactorSink(desk.house.url, api.key, agent_id="own", agent_name="Own", schema=schema)
    ended: list[tuple[str, str]] = []
    sink.on_terminate = lambda *told: ended.append(told)

    def span(number: int, kind: Any, start: int, end: int, parent: int, **told: Any) -> Span:
        attributes = {name.replace("__", "."): value for name, value in told.items()}
        return Span(
            trace=trace,
            id=f"{number:016x}",
            parent=f"{parent:016x}" if parent else "",
            name=kind,
            kind=kind,
            start_ns=(BEGIN + start) * second,
            end_ns=(BEGIN + end) * second if end else 0,
            status="ok" if end else "active",
            attributes=attributes,
        )

    try:
        began = (BEGIN + 1) * second
        await sink.write(
            [
                Trace(trace=trace, status="active", started_ns=began),
                span(1, "session", 1, 0, 0),
                span(3, "assistant_turn", 3, 0, 1, lk__pii__user_input="a room, please"),
                Turn(
                    trace=trace, index=0, started_ns=2 * second + began, user_text="a room, please"
                ),
            ]
        )
        answer = {"lk__pii__user_input": "a room, please", "lk__pii__response__text": "Yes."}
        await sink.write(
            [
                span(4, "llm", 3, 4, 3, gen_ai__request__model="m", gen_ai__usage__input_tokens=7),
                span(3, "assistant_turn", 3, 5, 1, **answer),
                span(1, "session", 1, 6, 0),
            ]
        )
        kept = whole(desk, trace)
        assert [s["status"] for s in kept["spans"]] == ["ok"] * 4
        (turn,) = kept["turn_list"]
        assert (turn["user_text"], turn["agent_text"], turn["input_tokens"]) == (
            "a room, please", "Yes.", 7,
        )  # fmt: skip
        Api(desk, desk.key).post(f"/agent_instance/{trace}/terminate", reason="enough")
        await sink.write([Trace(trace=trace, last_seen_ns=began)])
        assert ended == [(trace, "enough")]
    finally:
        await sink.close()
