"""A server's own runs reach another machine, with a real server, caller and receiver."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families as parse
from tests.serving import House
from tests.trace.receiver import Receiver, Request, until

from duologue.testing.caller import SyntheticCaller
from duologue.trace.entries import Entry, Span, Trace, Turn
from duologue.trace.ingest import otlp

SECRET = "elderberries"
KEY = "a key, of ours"


def told(requests: list[Request]) -> list[Entry]:
    """What arrived, as our own door reads it."""
    read = {"/v1/traces": otlp.spans, "/v1/logs": otlp.logs}
    kind = "application/x-protobuf"
    return [one for each in requests for one in read[each.path](each.body, kind).entries]


def users(entries: list[Entry]) -> set[str]:
    """What users said in the turns that were told."""
    return {entry.user_text for entry in entries if isinstance(entry, Turn)}


def over(entries: list[Entry]) -> bool:
    """Whether a run was told to be over."""
    return any(isinstance(entry, Trace) and entry.reason == "left" for entry in entries)


def arrived(receiver: Receiver) -> list[Request]:
    """What was taken, by its path below the address of the settings."""
    return [each._replace(path=each.path.removeprefix("/otel")) for each in receiver.taken]


async def call(house: House, *texts: str) -> None:
    """A call in which these are typed, and answered."""
    key = await asyncio.to_thread(house.secret_key)
    async with SyntheticCaller(house.url, agent="demo", key=key) as caller:
        await caller.answer()
        for text in texts:
            await caller.type(text)
            assert (await caller.answer()).text


def counted(house: House, name: str) -> dict[str, float]:
    """A metric of the server by where it leads."""
    text = httpx.get(f"{house.url}/metrics").text
    samples = [each for family in parse(text) for each in family.samples if each.name == name]
    return {each.labels["to"]: each.value for each in samples}


async def test_a_run_arrives_as_it_is_told_here(tmp_path: Path) -> None:
    """Its turns, steps and end, with the vendor's key; and line by line in a file, all counted."""
    lines = tmp_path / "told" / "runs.jsonl"
    async with Receiver() as receiver:
        house = House(
            tmp_path / "data",
            trace_otlp=f"{receiver.url}/otel/",
            trace_otlp_headers="x-key=a%20key%2C of ours, x-team=1",
            trace_otlp_words="true",
            trace_lines=str(lines),
        )
        try:
            await asyncio.to_thread(house.start)
            await asyncio.to_thread(house.publish, "demo")
            await call(house, "hello", "once more")
            await until(lambda: over(told(arrived(receiver))))
            await until(lambda: min(counted(house, "duologue_onward_sent_total").values()) > 10)
            sent = await asyncio.to_thread(counted, house, "duologue_onward_sent_total")
            lost = await asyncio.to_thread(counted, house, "duologue_onward_dropped_total")
        finally:
            code = await asyncio.to_thread(house.stop)
    plain = arrived(receiver)
    assert {(each.headers["x-key"], each.headers["x-team"]) for each in plain} == {(KEY, "1")}
    entries = told(plain)
    assert users(entries) >= {"hello", "once more"}
    steps = {entry.kind for entry in entries if isinstance(entry, Span)}
    assert steps >= {"session", "assistant_turn", "llm", "tts", "state"}
    assert {entry.agent for entry in entries if isinstance(entry, Trace)} >= {"demo"}
    written = [msgspec.json.decode(line, type=Entry) for line in lines.read_bytes().splitlines()]
    assert users(written) >= {"hello", "once more"}
    assert over(written)
    assert {entry.trace for entry in written} == {entry.trace for entry in entries}
    assert sent.keys() == {"otlp", "lines"}
    assert min(sent.values()) > 10
    assert lost == {"otlp": 0, "lines": 0}
    assert KEY not in house.log
    assert code == 0


@pytest.mark.parametrize(
    ("settings", "written"),
    [({}, True), ({"trace": "metadata", "trace_otlp_words": "true"}, False)],
    ids=["unsaid", "metadata"],
)
async def test_no_word_leaves_that_shall_not(
    tmp_path: Path, settings: dict[str, Any], written: bool
) -> None:
    """Unless the settings say so, and never with metadata, the file included; the rest does."""
    lines = tmp_path / "runs.jsonl"
    async with Receiver() as receiver:
        house = House(
            tmp_path / "data", trace_otlp=receiver.url, trace_lines=str(lines), **settings
        )
        try:
            await asyncio.to_thread(house.start)
            await asyncio.to_thread(house.publish, "demo")
            await call(house, SECRET)
            await until(lambda: over(told(receiver.taken)))
        finally:
            await asyncio.to_thread(house.stop)
    entries = told(receiver.taken)
    assert len({entry.index for entry in entries if isinstance(entry, Turn)}) == 2
    assert "llm" in {entry.kind for entry in entries if isinstance(entry, Span)}
    assert users(entries) == {""}
    assert all(SECRET.encode() not in each.body for each in receiver.requests)
    assert (SECRET.encode() in lines.read_bytes()) == written


async def test_an_outage_and_a_kill_lose_nothing(tmp_path: Path) -> None:
    """Nobody there: the call goes on as ever; all of it arrives when both are there again."""
    async with Receiver() as receiver:
        await receiver.down()
        house = House(tmp_path / "data", trace_otlp=receiver.url, trace_otlp_words="true")
        try:
            await asyncio.to_thread(house.start)
            await asyncio.to_thread(house.publish, "demo")
            await call(house, "hello", SECRET)
            spool = house.data / "spool"
            ended = b"\xa6reason\xa4left"  # as the spool writes it
            await until(
                lambda: any(ended in each.read_bytes() for each in spool.glob("otlp-*-wal"))
            )
            waiting = await asyncio.to_thread(counted, house, "duologue_onward_waiting")
            assert waiting["otlp"] > 10
            await asyncio.to_thread(house.kill)
            await receiver.up()
            await asyncio.to_thread(house.start)
            await until(lambda: over(told(receiver.taken)))
            await until(lambda: not counted(house, "duologue_onward_waiting")["otlp"])
            await call(house, "and again")
            await until(lambda: "and again" in users(told(receiver.taken)))
            await until(lambda: not counted(house, "duologue_onward_waiting")["otlp"])
        finally:
            await asyncio.to_thread(house.stop)
    assert users(told(receiver.taken)) >= {"hello", SECRET, "and again"}
    assert list(spool.iterdir()) == []


async def test_a_wrong_address_is_refused_at_the_start(tmp_path: Path) -> None:
    """By the setting's name, with what it must be."""
    house = House(tmp_path / "data", trace_otlp="collector:4318")
    with pytest.raises(AssertionError, match=r"trace_otlp.*http://.*'collector:4318'"):
        await asyncio.to_thread(house.start)
