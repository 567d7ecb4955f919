"""prefactor-livekit 0.1.5 as it was published, on livekit-agents 1.8.9, against our door."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from typing import Any

import httpx
import pytest
from livekit.agents import Agent, AgentSession
from livekit.agents import function_tool as tool
from prefactor_core import PrefactorCoreClient, PrefactorCoreConfig, SchemaRegistry
from prefactor_http import BulkItem, BulkRequest, HttpClientConfig
from prefactor_http.exceptions import PrefactorApiError, PrefactorAuthError, PrefactorNotFoundError
from prefactor_livekit import PrefactorLiveKitSession
from tests.serving import House
from tests.trace.talking import Talk

from duologue.agents.voices.scripted import Call
from duologue.testing.models import ScriptedAnswers

PATIENCE = 60.0


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server that workers of others tell of their sessions."""
    with House(tmp_path_factory.mktemp("prefactor") / "data") as running:
        yield running


@pytest.fixture(scope="module")
def token(house: House) -> str:
    """What Prefactor calls an API token: a key that may tell."""
    made = house.command("keys", "create", "--kind", "secret", "--scope", "ingest")
    return str(made["key"])


@pytest.fixture(scope="module")
def owner(house: House) -> str:
    """A key of the owner of what is told."""
    return house.secret_key()


@asynccontextmanager
async def connected(house: House, token: str) -> AsyncIterator[PrefactorCoreClient]:
    """Prefactor's own client of the API."""
    registry = SchemaRegistry()
    registry.register_type(name="agent:work", params_schema={"type": "object"})
    http = HttpClientConfig(api_url=house.url, api_token=token)
    config = PrefactorCoreConfig(http_config=http, schema_registry=registry)
    async with PrefactorCoreClient(config) as known:
        yield known


def wrapper(house: House, token: str, **more: Any) -> PrefactorLiveKitSession:
    """The tracer of somebody who came with it."""
    return PrefactorLiveKitSession.from_config(
        house.url, token, agent_id="front-desk", agent_name="Front desk", **more
    )


def kept(house: House, owner: str, instance: str) -> dict[str, Any]:
    """The run that an instance became, as the console reads it."""
    headers = {"authorization": f"Bearer {owner}"}
    answer = httpx.get(f"{house.url}/v1/traces/run_{instance}", headers=headers, timeout=30)
    assert answer.status_code == 200, answer.text
    return answer.json()  # type: ignore[no-any-return]  # of JSON


class Desk(Agent):
    """An agent with a tool that works and one that does not."""

    def __init__(self) -> None:
        super().__init__(instructions="Be brief.")

    @tool
    async def book(self, at: str) -> str:
        """Books a table."""
        return f"booked at {at}"

    @tool
    async def cancel(self) -> str:
        """Cancels a table."""
        raise RuntimeError("no such table")


async def talk(tracer: Any, answers: ScriptedAnswers, *said: str) -> str:
    """The instance of a session in which that was said."""
    session: AgentSession[Any] = AgentSession(llm=answers)
    await tracer.start(session, Desk())
    instance = (await tracer.ensure_initialized()).id
    for words in said:
        await asyncio.wait_for(session.run(user_input=words), PATIENCE)
    await session.aclose()
    await asyncio.wait_for(tracer.close(), PATIENCE)
    return str(instance)


async def test_a_session_with_tools_arrives_whole(house: House, token: str, owner: str) -> None:
    """Start, turns, a tool that works, one that fails, the end."""
    answers = ScriptedAnswers(
        ["Hello.", Call("book", {"at": "eight"}), "Booked.", Call("cancel", {}), "I could not."]
    )
    tools = {"book": {"span_type": "booking", "input_schema": {"type": "object"}}}
    tracer = wrapper(house, token, tool_schemas=tools)
    instance = await talk(tracer, answers, "Hi", "A table", "Cancel it")
    run = kept(house, owner, instance)
    assert (run["source"], run["agent"], run["status"]) == ("prefactor", "Front desk", "complete")
    assert [turn["agent_text"] for turn in run["turn_list"]] == [
        "Hello.",
        "Booked.",
        "I could not.",
    ]
    assert [turn["tools"] for turn in run["turn_list"]] == [0, 1, 1]
    assert [turn["tool_errors"] for turn in run["turn_list"]] == [0, 0, 1]
    spans = {span["name"]: span for span in run["spans"]}
    booked = spans["livekit:tool:booking"]["attributes"]
    assert booked["lk.function_tool.name"] == "book"
    assert "eight" in booked["lk.pii.function_tool.output"]
    assert spans["livekit:tool"]["status"] == "error"
    assert (spans["livekit:session"]["kind"], spans["livekit:llm"]["kind"]) == ("session", "llm")
    assert not [span for span in run["spans"] if not span["end_ns"]]


@pytest.mark.parametrize("way", ["start", "attach"])
async def test_what_was_spoken_is_joined_to_its_answer(
    house: House, token: str, owner: str, way: str
) -> None:
    """Sound goes in and comes out; a session that it is attached to is told as one it starts."""
    tracer = wrapper(house, token)
    spoken = Talk(["when are you open", "thank you"], ["At eight.", "You are welcome."])
    if way == "start":
        await tracer.start(spoken.session, Desk())
        instance = await tracer.ensure_initialized()
    else:
        instance = await tracer.attach(spoken.session)
        await spoken.session.start(Desk())
    await spoken.hears("When are you open on Sundays?")
    await spoken.says(1)
    await spoken.hears("Thank you very much for that.")
    await spoken.says(2)
    await spoken.session.aclose()
    await asyncio.wait_for(tracer.close(), PATIENCE)
    run = kept(house, owner, instance.id)
    first, second = run["turn_list"]
    assert (first["user_text"], first["agent_text"]) == ("when are you open", "At eight.")
    assert (second["user_text"], second["agent_text"]) == ("thank you", "You are welcome.")
    assert (first["spoken"], second["spoken"]) == (True, True)
    assert run["status"] == "complete"
    for turn in (first, second):
        assert None not in (turn["llm_ms"], turn["tts_ms"], turn["e2e_ms"])
    kinds = {span["kind"] for span in run["spans"]}
    assert kinds == {"session", "user_turn", "assistant_turn", "llm", "tts"}


async def test_a_model_that_fails_is_an_error_of_the_run(
    house: House, token: str, owner: str
) -> None:
    """Its type and its words; the run failed although its instance was finished as complete."""

    class Broken(ScriptedAnswers):
        def answer(self, talk: Any, tools: frozenset[str]) -> Any:
            raise RuntimeError("the model is out")

    session: AgentSession[Any] = AgentSession(llm=Broken())
    tracer = wrapper(house, token)
    await tracer.start(session, Desk())
    instance = (await tracer.ensure_initialized()).id
    closed = asyncio.Event()
    session.on("close", lambda _: closed.set())
    for _ in range(6):  # livekit-agents bears three
        if closed.is_set():
            break
        with suppress(RuntimeError):  # it is closing
            await asyncio.wait_for(session.generate_reply(user_input="Hi"), PATIENCE)
        await asyncio.sleep(0)
    await asyncio.wait_for(closed.wait(), PATIENCE)
    await asyncio.wait_for(tracer.close(), PATIENCE)
    run = kept(house, owner, instance)
    assert run["status"] == "failed"
    errors = [span for span in run["spans"] if span["kind"] == "error"]
    assert errors
    assert all("the model is out" in each["attributes"]["error.message"] for each in errors)


async def test_sessions_at_once_stay_apart(house: House, token: str, owner: str) -> None:
    """Each with an instance of its own."""
    talks = [
        talk(wrapper(house, token), ScriptedAnswers([f"answer {n}"]), f"{n}") for n in range(4)
    ]
    instances = await asyncio.gather(*talks)
    assert len(set(instances)) == 4
    for number, instance in enumerate(instances):
        turns = kept(house, owner, instance)["turn_list"]
        assert [turn["agent_text"] for turn in turns] == [f"answer {number}"]


async def registered(client: PrefactorCoreClient) -> Any:
    """An instance that has started."""
    version = {"name": "worker", "external_identifier": "1"}
    made = await client.create_agent_instance(agent_id="a", agent_version=version)
    await made.start()
    return made


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")  # its client does
async def test_a_million_bytes_are_taken(house: House, token: str) -> None:
    """A step's result is kept within its bounds; more than the door takes is refused for good."""
    async with connected(house, token) as client:
        http = client._http
        assert http is not None
        instance = await registered(client)
        step = await http.agent_spans.create(instance.id, "agent:work", "active")
        done = await http.agent_spans.finish(step.id, "complete", {"all": "a" * 1_000_000})
        assert done.status == "complete"
        with pytest.raises(PrefactorApiError) as refused:
            await http.agent_spans.create(
                instance.id, "agent:work", "active", {"all": "a" * 1_100_000}
            )
        assert refused.value.status_code == 413


async def test_repeats_are_the_same_thing(house: House, token: str) -> None:
    """By the key in the body; a finish by another key is the conflict that the client expects."""
    async with connected(house, token) as client:
        http = client._http
        assert http is not None
        version, schema = {"name": "w"}, {"external_identifier": "1", "span_type_schemas": []}
        made = [
            await http.agent_instances.register(version, schema, idempotency_key="one and the same")
            for _ in range(2)
        ]
        assert made[0] == made[1]
        steps = [
            await http.agent_spans.create(
                made[0].id, "agent:work", "active", idempotency_key="step"
            )
            for _ in range(2)
        ]
        assert steps[0] == steps[1]
        ends = [
            await http.agent_instances.finish(made[0].id, idempotency_key="f") for _ in range(2)
        ]
        assert ends[0] == ends[1]
        with pytest.raises(PrefactorApiError) as refused:
            await http.agent_instances.finish(made[0].id, idempotency_key="g")
        assert (refused.value.status_code, refused.value.code) == (409, "conflict")


async def test_an_owner_ends_a_run_of_a_foreign_worker(
    house: House, token: str, owner: str
) -> None:
    """The client's monitor hears it when it asks, and in the answer to a step's end."""
    async with connected(house, token) as client:
        http = client._http
        assert http is not None
        instance = await registered(client)
        step = await http.agent_spans.create(instance.id, "agent:work", "active")
        path = f"{house.url}/api/v1/agent_instance/{instance.id}/terminate"
        headers = {"authorization": f"Bearer {owner}"}
        async with httpx.AsyncClient(headers=headers, timeout=30) as known:
            ended = await known.post(path, json={"reason": "too long"})
        assert ended.status_code == 200, ended.text
        seen = await http.agent_instances.get(instance.id)
        assert (seen.status, seen.termination_reason) == ("terminated", "too long")
        heard: list[str | None] = []
        await http.agent_spans.finish(step.id, "cancelled", control_signal_callback=heard.append)
        assert heard == ["too long"]


async def test_the_client_in_its_own_words(house: House, token: str, owner: str) -> None:
    """Spans within spans, a judgement, the whole read back, several things in one request."""
    async with connected(house, token) as client:
        http = client._http
        assert http is not None
        instance = await registered(client)
        async with instance.span("agent:work") as outer:
            await outer.start({"n": 1})
            async with instance.span("agent:work") as inner:
                await inner.start({"n": 2})
                await inner.fail({"why": "tired"})
            await outer.complete({"done": True})
        await instance.record_quality("tone", {"score": 4})
        more = BulkItem(
            _type="agent_spans/create",
            idempotency_key="a step in bulk",
            agent_instance_id=instance.id,
            schema_name="agent:work",
            status="complete",
        )
        outputs = (await http.bulk.execute(BulkRequest(items=[more]))).outputs
        assert outputs["a step in bulk"].status == "success"
        await instance.finish("cancelled")
        await asyncio.wait_for(client.close(), PATIENCE)
        headers = {"authorization": f"Bearer {owner}"}
        async with httpx.AsyncClient(base_url=house.url, headers=headers, timeout=30) as reader:
            query = {"agent_instance_id": instance.id}
            steps = (await reader.get("/api/v1/agent_spans", params=query)).json()["details"]
            whole = (await reader.get(f"/api/v1/agent_instance/{instance.id}")).json()["details"]
        told = {step["payload"].get("n"): step for step in steps}
        assert told[2]["parent_span_id"] == told[1]["id"]
        assert (told[2]["status"], told[2]["result_payload"]) == ("failed", {"why": "tired"})
        assert told[1]["result_payload"] == {"done": True}
        assert (whole["status"], whole["quality_payloads"]) == ("cancelled", {"tone": {"score": 4}})


async def test_strangers_and_what_is_not_there(house: House, token: str) -> None:
    """The errors that the client has for them."""
    async with connected(house, token) as client:
        http = client._http
        assert http is not None
        with pytest.raises(PrefactorNotFoundError):
            await http.agent_instances.get("f" * 32)
        config = PrefactorCoreConfig(
            http_config=HttpClientConfig(api_url=house.url, api_token="dk_secret_nobody")
        )
        with pytest.raises(PrefactorAuthError):
            await PrefactorCoreClient(config).initialize()
