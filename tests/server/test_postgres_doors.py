"""Every way in and the console, on PostgreSQL: what is told is kept, put together and shown."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Iterator
from typing import Any

import asyncpg
import httpx
import pytest
from tests import postgres
from tests.server.conftest import LIVEKIT, Desk
from tests.server.console import entered, page
from tests.server.test_insights import report, token
from tests.server.test_prefactor import Api
from tests.serving import House
from tests.trace.ingest.requests import conversation, line, logs, packed, span, traces
from tests.trace.ingest.test_insights import history, said

from duologue.trace.ingest.insights import trace_of
from duologue.trace.ingest.prefactor_forms import trace_of as trace_of_instance

pytestmark = pytest.mark.postgres
PROTOBUF = {"content-type": "application/x-protobuf"}
OTLP = "5" * 32


async def _create(server: str, name: str) -> None:
    connection: Any = await asyncpg.connect(f"{server}/postgres")
    try:
        await connection.execute(f"CREATE DATABASE {name}")
    finally:
        await connection.close()


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A server on a PostgreSQL of its own."""
    with postgres.server() as server, pytest.MonkeyPatch.context() as patch:
        name = f"t{uuid.uuid4().hex}"
        asyncio.run(_create(server, name))
        url = f"{server}/{name}"
        patch.setenv("DUOLOGUE_DATABASE_URL", url)  # its commands are told so
        folder = tmp_path_factory.mktemp("postgres")
        with House(folder / "data", database_url=url, **LIVEKIT) as house:
            found = Desk(house)
            yield found
            found.http.close()


def telling(desk: Desk) -> str:
    """A key that may tell."""
    made = desk.house.command("keys", "create", "--kind", "secret", "--scope", "ingest")
    return str(made["key"])


def whole(desk: Desk, trace: str) -> dict[str, Any]:
    """All that is kept of a run."""
    answer = desk.ask("GET", f"/v1/traces/run_{trace}")
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]  # of JSON


def test_a_worker_of_livekit(desk: Desk) -> None:
    """Its spans, its lines and its report, with the sound: one run, one turn."""
    headers = PROTOBUF | {"content-encoding": "gzip", "authorization": f"Bearer {token()}"}
    told = (("traces", conversation()), ("logs", logs(line("booking", "booked", job_id="AJ_1"))))
    for what, body in told:
        answer = desk.http.post(
            f"/observability/{what}/otlp/v0", content=packed(body), headers=headers
        )
        assert answer.status_code == 200, answer.text
    words = history(said("user", "a table", 3), said("assistant", "Done.", 5))
    answer = report(desk, chat_history=words, audio=b"OggS" + bytes(2000))
    assert answer.status_code == 200, answer.text
    run = whole(desk, trace_of("AJ_1"))
    assert (run["source"], run["status"], run["turns"], run["has_recording"]) == (
        "insights",
        "complete",
        1,
        True,
    )
    (turn,) = run["turn_list"]
    assert (turn["user_text"], turn["agent_text"]) == ("a table", "Done.")
    assert {each["turn"] for each in run["spans"] if each["kind"] == "llm"} == {0}


def test_a_program_with_opentelemetry(desk: Desk) -> None:
    """Turn after turn, each a request of its own: counted, and errors numbered as their turns."""
    headers = PROTOBUF | {"authorization": f"Bearer {telling(desk)}"}
    for number in range(8):
        at, base = number * 10.0, number * 10 + 1
        body = traces(
            span(base, "user_turn", at, at + 1, trace=OTLP, lk__pii__user_transcript="yes"),
            span(
                base + 1, "agent_turn", at + 1, at + 3, trace=OTLP, lk__pii__user_input="yes",
                lk__pii__response__text=f"answer {number}", lk__e2e_latency=0.5,
            ),
            span(
                base + 2, "error", at + 2, at + 2, trace=OTLP, duologue__kind="error", failed="No"
            ),
            service__name="clerk",
        )  # fmt: skip
        answer = desk.http.post("/v1/traces", content=body, headers=headers)
        assert answer.status_code == 200, answer.text
    run = whole(desk, OTLP)
    assert (run["turns"], run["errors"], run["agent"]) == (8, 8, "clerk")
    assert [turn["agent_text"] for turn in run["turn_list"]] == [f"answer {n}" for n in range(8)]
    assert [each["turn"] for each in run["spans"] if each["kind"] == "error"] == list(range(8))


def test_a_program_by_prefactors_api(desk: Desk) -> None:
    """Registered, told, repeated, finished and read back."""
    api = Api(desk, telling(desk))
    instance = api.register(idempotency_key="one")
    assert api.register(idempotency_key="one") == instance
    api.post(f"/agent_instance/{instance}/start")
    for number in range(6):
        for kind, result in (
            ("user_turn", {"transcript": f"question {number}"}),
            ("assistant_turn", {"outputs": {"message": f"answer {number}"}}),
        ):
            step = api.step(instance, f"livekit:{kind}", key=f"{kind} {number}")
            api.post(f"/agent_spans/{step}/finish", status="complete", result_payload=result)
    api.post(f"/agent_instance/{instance}/finish", status="complete")
    run = whole(desk, trace_of_instance(instance))
    assert (run["source"], run["status"], run["turns"]) == ("prefactor", "complete", 6)
    steps = api.ask("GET", "/agent_spans", agent_instance_id=instance).json()["details"]
    assert len(steps) == 12


def test_the_console(desk: Desk) -> None:
    """Signs in, lists, searches, reads a conversation, and sums up."""
    headers = PROTOBUF | {"authorization": f"Bearer {telling(desk)}"}
    trace = "6" * 32
    fruit = "elderberries"
    words: dict[str, Any] = {"lk__pii__user_transcript": fruit, "lk__pii__user_input": fruit}
    body = traces(
        span(1, "user_turn", 1, 2, trace=trace, **words),
        span(2, "agent_turn", 2, 3, trace=trace, lk__pii__response__text="Two jars.", **words),
        service__name="grocer",
    )
    assert desk.http.post("/v1/traces", content=body, headers=headers).status_code == 200
    with entered(desk) as who:
        assert "grocer" in page(who, "/console")
        assert f"run_{trace}" in page(who, "/console?text=elderberries")
        assert f"run_{trace}" not in page(who, "/console?text=gooseberries")
        assert "Two jars." in page(who, f"/console/traces/run_{trace}")
        for path in ("/console/overview?days=90", "/console/agents", "/console/visitors"):
            assert isinstance(who.get(path), httpx.Response)
            assert who.get(path).status_code == 200, path
