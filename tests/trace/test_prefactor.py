"""Who comes from prefactor-livekit changes an import: names, arguments and clients fit."""

from __future__ import annotations

import inspect
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from livekit.agents import Agent, AgentSession
from tests.trace.prefactor_api import PrefactorApi
from tests.trace.receiver import Receiver

import duologue
from duologue.testing.models import ScriptedAnswers
from duologue.trace.prefactor import LiveKitToolSchemaConfig, PrefactorLiveKitSession


async def talk(tracer: PrefactorLiveKitSession) -> None:
    """One turn of a session."""
    session: AgentSession[Any] = AgentSession(llm=ScriptedAnswers(["one"]))
    await tracer.start(session, Agent(instructions="Help."))
    await session.run(user_input="Hi")
    await session.aclose()
    report = await tracer.close()
    assert (report.dropped, report.pending) == (0, 0)


def theirs(url: str) -> SimpleNamespace:
    """A client of prefactor-core, as far as it is read."""
    http = SimpleNamespace(api_url=url, api_token="token")
    return SimpleNamespace(_config=SimpleNamespace(http_config=http, schema_registry=None))


def test_the_signatures_are_the_documents() -> None:
    """The constructor and from_config begin with the document's arguments, in its order."""
    made = list(inspect.signature(PrefactorLiveKitSession).parameters)
    assert made[:5] == ["client", "agent_id", "agent_name", "instance", "tool_schemas"]
    parameters = inspect.signature(PrefactorLiveKitSession.from_config).parameters
    assert list(parameters)[:7] == [
        "api_url",
        "api_token",
        "agent_id",
        "agent_name",
        "schema_registry",
        "include_livekit_schemas",
        "tool_schemas",
    ]
    assert parameters["agent_id"].default == "livekit-agent"
    assert duologue.SessionTracer is PrefactorLiveKitSession


async def test_from_config_tells_the_whole_story() -> None:
    """Instance, session, both halves of the turn and the model arrive, and the end is the truth."""
    api = PrefactorApi()
    async with Receiver(api) as receiver:
        await talk(
            PrefactorLiveKitSession.from_config(
                receiver.url,
                "token",
                agent_id="front-desk",
                agent_name="Front desk",
                tool_schemas={"book": LiveKitToolSchemaConfig("booking", {"type": "object"})},
            )
        )
    [instance] = api.instances.values()
    types = instance["agent_schema_version"]["span_type_schemas"]
    assert "livekit:tool:booking" in [entry["name"] for entry in types]
    assert instance["status"] == "complete"
    [session] = api.named("livekit:session")
    [user] = api.named("livekit:user_turn")
    [answer] = api.named("livekit:assistant_turn")
    [model] = api.named("livekit:llm")
    assert (session["status"], answer["status"]) == ("complete", "complete")
    assert user["result_payload"]["transcript"] == "Hi"
    assert answer["result_payload"]["outputs"] == {"message": "one"}
    assert model["parent_span_id"] == answer["id"]
    assert {user["parent_span_id"], answer["parent_span_id"]} == {session["id"]}
    assert len(receiver.requests) <= 9


async def test_a_client_of_theirs_says_where_to_send() -> None:
    """An initialized client of prefactor-core is read for its address and key, and not used."""
    api = PrefactorApi()
    async with Receiver(api) as receiver:
        await talk(PrefactorLiveKitSession(theirs(receiver.url), "front-desk"))
    assert [told["agent_id"] for told in api.instances.values()] == ["front-desk"]


async def test_an_instance_of_theirs_is_not_finished() -> None:
    """Two wrappers around one handle of theirs send into it, and leave its end to its owner."""
    api = PrefactorApi()
    api.instances["theirs"] = {"status": "active"}
    async with Receiver(api) as receiver:
        handle = SimpleNamespace(id="theirs", _client=theirs(receiver.url))
        for _ in range(2):
            tracer = PrefactorLiveKitSession(instance=handle)
            assert await tracer.ensure_initialized() is handle
            await talk(tracer)
    assert api.instances == {"theirs": {"status": "active"}}
    assert len(api.named("livekit:session")) == 2
    assert {told["agent_instance_id"] for told in api.spans.values()} == {"theirs"}


def test_the_wrapper_needs_no_server_and_no_sql() -> None:
    """All names of duologue.trace can be imported where the server's packages are missing."""
    code = (
        "import sys\n"
        "for name in ('sqlalchemy', 'litestar', 'alembic', 'structlog', 'uvicorn', 'soxr'):\n"
        "    sys.modules[name] = None\n"
        "import duologue.trace as trace\n"
        "assert 'livekit.agents' not in sys.modules\n"
        "assert all(getattr(trace, name) for name in trace.__all__)\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=120)


def test_the_pages_snippets_run() -> None:
    """What the page shows for a worker of your own is Python that these names fit."""
    page = (Path(duologue.__file__).parents[2] / "docs" / "tracing.md").read_text(encoding="utf-8")
    ours = page.partition("## In your own worker")[2].partition("\n## ")[0]
    snippets = re.findall(r"^```python\n(.*?)^```", ours, re.MULTILINE | re.DOTALL)
    assert len(snippets) == 2
    for snippet in snippets:
        names: dict[str, Any] = {}
        exec(compile(snippet, "docs/tracing.md", "exec"), names)
        assert isinstance(names["tracer"], PrefactorLiveKitSession)
