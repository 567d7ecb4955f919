"""`GET /metrics` as Prometheus reads it, and who may read it."""

from __future__ import annotations

import re
import time
from pathlib import Path
from typing import get_args

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families as parse
from tests.server.conftest import Desk, refused
from tests.serving import House

from duologue import BlockingSession, TokenSource
from duologue.agents.registry import Catalog
from duologue.pipeline.host import Host
from duologue.server import app
from duologue.server.metrics import FORWARDED, METRICS
from duologue.server.rooms import Rooms
from duologue.server.serve import now_ms
from duologue.settings import Settings
from duologue.store.database import Database
from duologue.wire.alerts import State

# Litestar 2.25 warns of names that 2.20, which we also run on, has no others for.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

DOCS = Path(__file__).parents[2] / "docs" / "metrics.md"


def samples(text: str) -> dict[str, float]:
    """Every sample by its name and labels, as they are written."""
    return {
        f"{each.name}{sorted(each.labels.items())}": each.value
        for family in parse(text)
        for each in family.samples
    }


def of(found: dict[str, float], name: str, **labels: str) -> float:
    """A sample."""
    return found[f"{name}{sorted(labels.items())}"]


def scrape(desk: Desk, **headers: str) -> httpx.Response:
    """What a machine like this one is told."""
    return desk.http.get("/metrics", headers=headers)


def test_a_call_is_counted(tmp_path: Path) -> None:
    """From its beginning to its end, with its turn; no word of it stands there."""
    with House(tmp_path / "data", mode="dev", max_sessions=30) as house:
        before = samples(httpx.get(f"{house.url}/metrics").text)
        source = TokenSource.duologue(house.url)
        with BlockingSession(source, agent_name="demo", transport="websocket") as talk:
            talk.wait_for_reply()
            talk.send("What can you do?")
            talk.wait_for_reply()
            during = samples(httpx.get(f"{house.url}/metrics").text)
            assert of(during, "duologue_sessions_live", agent="demo") == 1
            assert of(during, "duologue_runs_live") == 1
            assert of(during, "duologue_runs_limit") == 30
        until = time.monotonic() + 60
        while True:  # the run is buried a moment after its caller left
            text = httpx.get(f"{house.url}/metrics").text
            after = samples(text)
            if "duologue_turns_total[('agent', 'demo')]" in after or time.monotonic() > until:
                break
            time.sleep(0.1)
    road = {"agent": "demo", "transport": "websocket"}
    assert of(after, "duologue_sessions_started_total", **road) == 1
    assert of(after, "duologue_sessions_ended_total", agent="demo", reason="left") == 1
    assert of(after, "duologue_turns_total", agent="demo") == 1
    assert of(after, "duologue_turns_unanswered_total", agent="demo") == 0
    assert of(after, "duologue_turn_delay_seconds_count", agent="demo", part="llm") == 1
    assert of(after, "duologue_ledger_sent_total") > of(before, "duologue_ledger_sent_total")
    assert of(after, "duologue_ledger_dropped_total") == 0
    assert of(after, "process_resident_memory_bytes") > 50_000_000
    assert of(after, "process_cpu_seconds_total") > 0
    assert of(after, "process_open_fds") > 3
    assert {of(after, "duologue_alerts", state=each) for each in get_args(State)} == {0}
    assert "What can you do" not in text


def test_it_is_what_prometheus_takes(desk: Desk) -> None:
    """Every metric by its name, with its type; nothing is kept on the way."""
    answer = scrape(desk)
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert answer.headers["cache-control"] == "no-store"
    told = {family.name: (family.type, family.documentation) for family in parse(answer.text)}
    for metric in METRICS:
        name = metric.name.removesuffix("_total") if metric.kind == "counter" else metric.name
        assert told[name] == (metric.kind, metric.help)
    assert len(told) == len(METRICS)


def test_the_documentation_names_every_metric() -> None:
    """With its labels, and none that there is not."""
    table = re.findall(
        r"^\| `(\w+)` \| (\w+) \| ([^|]*) \| ([^|]*) \|$", DOCS.read_text(), re.MULTILINE
    )
    listed = {name: (kind, labels.strip(), help_.strip()) for name, kind, labels, help_ in table}
    assert listed == {
        each.name: (each.kind, ", ".join(f"`{label}`" for label in each.labels), each.help)
        for each in METRICS
    }


@pytest.mark.parametrize(
    "headers",
    [
        *({name: "10.0.0.1"} for name in FORWARDED),
        {"host": "voice.example"},
        {"origin": "http://localhost:3000"},
    ],
    ids=str,
)
def test_who_comes_through_a_proxy_or_a_page_needs_a_key(
    desk: Desk, headers: dict[str, str]
) -> None:
    """Though the connection is from this machine."""
    refused(scrape(desk, **headers), 401, "key_missing")
    answer = scrape(desk, **headers, authorization=f"Bearer {desk.key}")
    assert answer.status_code == 200
    assert "duologue_info" in answer.text


def test_a_key_must_be_of_who_runs_the_server(desk: Desk) -> None:
    """With `read`, of the organization `default`: it tells of all of them."""
    far = {"host": "voice.example"}
    narrow = desk.house.command("keys", "create", "--kind", "secret", "--scope", "ingest")["key"]
    refused(scrape(desk, **far, **{"x-api-key": narrow}), 403, "key_scope", "read")
    public = desk.public_key()
    refused(scrape(desk, **far, **{"x-api-key": public}), 403, "key_scope", "read")
    desk.house.command("orgs", "create", "rivals")
    rival = desk.house.command("keys", "create", "--kind", "secret", "--org", "rivals")["key"]
    refused(scrape(desk, **far, **{"x-api-key": rival}), 403, "key_wrong_org")


async def test_a_server_behind_a_proxy_tells_nobody_without_a_key(tmp_path: Path) -> None:
    """For whoever comes from this machine may come from anywhere."""
    for public, status in (("", 200), ("http://localhost:9", 200), ("https://voice.example", 401)):
        settings = Settings(data=str(tmp_path), public_url=public)
        db = await Database.open(settings.database)
        host = Host(db, settings, Catalog(), clock=now_ms)
        house = app.House(host, Rooms(host), "serve", "org_1", bound="http://127.0.0.1:8787")
        road = httpx.ASGITransport(house, client=("127.0.0.1", 5))
        async with httpx.AsyncClient(transport=road, base_url="http://127.0.0.1:8787") as http:
            assert (await http.get("/metrics")).status_code == status
        away = httpx.ASGITransport(house, client=("10.0.0.7", 5))
        async with httpx.AsyncClient(transport=away, base_url="http://127.0.0.1:8787") as http:
            assert (await http.get("/metrics")).status_code == 401
        await db.close()
