"""Malformed input: each gets an error of the table; no traceback, and nothing grows."""

from __future__ import annotations

import importlib.util
import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
import schemathesis
from google.rpc.status_pb2 import Status  # type: ignore[import-untyped]  # has no types
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from schemathesis.core.result import Ok
from tests.groups import say
from tests.promises.hostile import damaged, odd_messages
from tests.promises.servers import Server
from tests.promises.talkers import AGENTS
from tests.server.conftest import LIVEKIT
from tests.server.test_insights import token
from tests.trace.ingest.requests import conversation, line, logs, packed
from tests.trace.ingest.test_insights import header, history
from tests.transports.test_websocket import FRAMES
from websockets.sync.client import ClientConnection, connect

from duologue.errors import FAULTS

STREAMS = {"/v1/conversations/{conversation}/live"}
"""What answers as long as one listens."""
FUZZ = 60
"""Seconds."""
GROWTH = 24 * 1024**2
"""Bytes that a server may hold more after thousands of them: caches are not full at once."""


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """A server with every door open."""
    folder: Path = tmp_path_factory.mktemp("target")
    file = folder / "desk.py"
    file.write_text(AGENTS)
    with Server(folder, file, authorize_per_minute=10**6, **LIVEKIT) as made:
        yield made


def holds(server: Server, bombard: Callable[[int, int], object], examples: int) -> None:
    """Bombards with so many examples by seed, and sees that nothing of them stays."""
    bombard(examples // 4, 1)
    before = server.resident
    bombard(examples, 2)
    assert server.resident - before < GROWTH
    assert server.runs
    assert "Traceback" not in server.log
    assert httpx.get(f"{server.url}/health", timeout=60).status_code == 200


def documented(answer: httpx.Response) -> str:
    """The code of an error, of the table and with its status; or nothing where there is none."""
    if answer.status_code < 400:
        return ""
    kind = answer.headers.get("content-type", "")
    if "protobuf" in kind:
        assert Status.FromString(answer.content).message
        assert answer.status_code < 500
        return "status"
    told = answer.json()
    if "code" in told and isinstance(told["code"], int):  # OpenTelemetry's, as JSON
        assert told["message"]
        assert answer.status_code < 500
        return "status"
    assert set(told) == {"error", "code"}, told
    assert told["code"] in FAULTS, told
    assert told["code"] != "internal", told
    assert answer.status_code == FAULTS[told["code"]].status, told
    return str(told["code"])


# -------------------------------------------------------------------- every door


def knock(server: Server, examples: int, number: int) -> Counter[str]:
    """Sends every operation of the OpenAPI what it describes and what not; counts the errors."""
    schema = schemathesis.openapi.from_url(f"{server.url}/v1/docs/openapi.json")
    known = list(schema.get_all_operations())
    operations = [found.ok() for found in known if isinstance(found, Ok)]
    assert len(operations) == len(known) > 50
    codes = Counter[str]()
    with httpx.Client(base_url=server.url, timeout=60) as http:
        for operation in operations:
            if operation.path in STREAMS:
                continue
            modes = (schemathesis.GenerationMode.NEGATIVE, schemathesis.GenerationMode.POSITIVE)
            cases = st.one_of([operation.as_strategy(generation_mode=mode) for mode in modes])

            @seed(number)
            @settings(
                max_examples=examples,
                database=None,
                phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )
            @given(cases)
            def send(case: Any) -> None:
                codes[documented(http.send(request(http, case, server.url)))] += 1

            send()
    return codes


def request(http: httpx.Client, case: Any, url: str) -> httpx.Request:
    """A case of schemathesis as httpx sends it."""
    asked = case.as_transport_kwargs(base_url=url)
    return http.build_request(
        asked["method"],
        asked["url"],
        params=asked.get("params"),
        headers=dict(asked.get("headers") or {}),
        content=content_of(asked),
    )


def content_of(asked: dict[str, Any]) -> bytes | None:
    """The body that a case wants to be sent."""
    if (given_json := asked.get("json")) is not None:
        return json.dumps(given_json).encode(errors="surrogatepass")
    data = asked.get("data")
    if isinstance(data, dict):
        return repr(data).encode(errors="replace")
    return data.encode(errors="replace") if isinstance(data, str) else data


def test_every_door_answers_with_an_error_of_the_table(target: Server) -> None:
    """What the OpenAPI describes and its opposite, sent to each operation of a real server."""
    codes = Counter[str]()
    holds(target, lambda examples, number: codes.update(knock(target, examples, number)), 4)
    assert {"", "status", "bad_request", "agent_not_found", "trace_not_found"} <= set(codes), codes


@pytest.mark.soak
def test_every_door_many_times(target: Server) -> None:
    """The same with more examples."""
    holds(target, lambda examples, number: say(f"{knock(target, examples, number)}\n"), 40)


# -------------------------------------------------------------------- frames on an open socket


def session_url(server: Server) -> str:
    """The address of a new session's socket."""
    answer = httpx.post(
        f"{server.url}/v1/agents/web/authorize_session",
        json={"agent_id": "desk", "capabilities": ["binary", "played", "rpc", "files"]},
        timeout=60,
    )
    key = answer.raise_for_status().json()["client_session_key"]
    base = server.url.replace("http", "ws", 1)
    return f"{base}/v1/agents/web/websocket?client_session_key={key}"


def talk(server: Server, examples: int, number: int) -> None:
    """Sends frames that no client sends, then asks whether anybody is still there."""
    frames: list[str | bytes] = []

    @seed(number)
    @settings(max_examples=examples, database=None, phases=[Phase.generate])
    @given(odd_messages().map(json.dumps) | st.text(max_size=200) | st.binary(max_size=200))
    def collect(frame: str | bytes) -> None:
        frames.append(frame)

    collect()  # beforehand: the threads of a socket use chance of their own
    with connect(session_url(server)) as socket:
        socket.send('{"type":"client.ready"}')
        for frame in frames:
            whole = frame if isinstance(frame, bytes) else frame.encode(errors="replace")
            socket.send(whole, text=isinstance(frame, str))
        answered(socket)


def answered(socket: ClientConnection) -> None:
    """Waits until something typed is understood: what may be said at once was used up."""
    for _ in range(600):
        socket.send('{"type":"client.response.text","content":"still there?"}')
        try:
            while True:
                frame = socket.recv(timeout=0.2)
                if (
                    isinstance(frame, str)
                    and '"user.transcript"' in frame
                    and "still there?" in frame
                ):
                    return
        except TimeoutError:
            continue
    raise AssertionError("the line does not answer any more")


def test_frames_that_nobody_sends_are_answered_or_ignored(target: Server) -> None:
    """Known types with odd fields, text and bytes: the line stays open, and the agent answers."""
    holds(target, lambda examples, number: talk(target, examples, number), 600)


@pytest.mark.soak
def test_twenty_thousand_such_frames(target: Server) -> None:
    """The same for longer."""
    holds(target, lambda examples, number: talk(target, examples, number), 20_000)


@pytest.mark.soak
def test_the_parsers_of_frames_by_coverage(tmp_path: Path) -> None:
    """Atheris looks for a frame, a body or a page that is neither read nor refused; a minute."""
    if importlib.util.find_spec("atheris") is None:
        pytest.skip("there is no atheris; VIRTUAL_ENV=.venv .venv/bin/uv pip install atheris")
    for number, frame in enumerate(FRAMES):
        (tmp_path / f"{number}.json").write_text(json.dumps(frame))
    options = (str(tmp_path), f"-max_total_time={FUZZ}", f"-artifact_prefix={tmp_path}/found-")
    done = subprocess.run(
        [sys.executable, "-m", "tests.promises.fuzz", *options],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    say(done.stderr[-400:])
    assert done.returncode == 0, done.stderr[-3000:]


# -------------------------------------------------------------------- what programs tell


def tell(server: Server, examples: int, number: int) -> Counter[str]:
    """Sends requests of exporters and workers that were damaged; counts how each ended."""
    chance = random.Random(number)
    spans, lines = conversation(), logs(line("chat_history", "hello", 1.0))
    as_json = json.dumps({"resourceSpans": [{"scopeSpans": [{"spans": [{"traceId": "ab" * 16}]}]}]})
    parts = {"header": header(), "chat_history": history(), "audio": b"OggS" + bytes(500)}
    whole = httpx.Request("POST", server.url, files={k: (k, v) for k, v in parts.items()})
    report, kind = whole.read(), whole.headers["content-type"]
    protobuf = {"content-type": "application/x-protobuf"}
    worker = {"authorization": f"Bearer {token()}"}
    ways: list[tuple[str, bytes, dict[str, str]]] = [
        ("/v1/traces", spans, protobuf),
        ("/v1/logs", lines, protobuf),
        ("/v1/traces", as_json.encode(), {"content-type": "application/json"}),
        ("/v1/traces", packed(spans), {**protobuf, "content-encoding": "gzip"}),
        ("/observability/traces/otlp/v0", spans, {**protobuf, **worker}),
        ("/observability/logs/otlp/v0", lines, {**protobuf, **worker}),
        ("/observability/recordings/v0", report, {"content-type": kind, **worker}),
    ]
    ends = Counter[str]()
    with httpx.Client(base_url=server.url, timeout=60) as http:
        for _ in range(examples):
            path, body, headers = chance.choice(ways)
            if chance.random() < 0.1:
                headers = {
                    **headers,
                    "content-type": chance.choice(["", "text/x", "multipart/form-data"]),
                }
            answer = http.post(path, content=damaged(body, chance), headers=headers)
            ends[documented(answer)] += 1
    return ends


def test_damaged_telemetry_is_read_or_refused(target: Server) -> None:
    """OTLP as protobuf, JSON and gzip, and a job's report in its parts, damaged at random."""
    ends = Counter[str]()
    holds(target, lambda examples, number: ends.update(tell(target, examples, number)), 800)
    assert ends[""] > 20
    assert ends["status"] > 200
    recordings = target.data / "recordings"
    assert not list(recordings.glob("*.part"))


@pytest.mark.soak
def test_much_damaged_telemetry(target: Server) -> None:
    """The same for longer."""
    holds(target, lambda examples, number: say(f"{tell(target, examples, number)}\n"), 20_000)
