"""What is told can be read from a file, line by line."""

from __future__ import annotations

import io
from pathlib import Path

import msgspec

from duologue.trace.entries import Entry, Log, Span, Trace, Turn
from duologue.trace.sink_lines import LinesSink

TRACE = "0" * 32
TOLD: list[Entry] = [
    Trace(trace=TRACE, agent="helper", tags=["a"]),
    Span(trace=TRACE, id="1" * 16, name="x", start_ns=1, attributes={"a": [1, {"b": None}]}),
    Turn(trace=TRACE, index=0, started_ns=1, user_text="über\nhier", e2e_ms=1.5),
    Log(trace=TRACE, id="2" * 16, at_ns=1, text="y"),
]


async def test_each_line_is_an_entry(tmp_path: Path) -> None:
    """What was written, over two lives of a sink, is read back as it was."""
    path = tmp_path / "new" / "told.jsonl"
    for part in (TOLD[:2], TOLD[2:]):
        sink = LinesSink(path)
        await sink.write(part)
        await sink.close()
        await sink.close()
    lines = path.read_bytes().splitlines()
    assert [msgspec.json.decode(line, type=Entry) for line in lines] == TOLD


async def test_a_file_that_was_passed_in_stays_open() -> None:
    """Whoever opened a file closes it."""
    file = io.BytesIO()
    sink = LinesSink(file)
    await sink.write(TOLD)
    await sink.close()
    assert file.getvalue().count(b"\n") == 4


async def test_a_value_that_is_no_json_is_told_as_words(tmp_path: Path) -> None:
    """An attribute of any type does not lose its entry."""
    sink = LinesSink(tmp_path / "told.jsonl")
    await sink.write(
        [Span(trace=TRACE, id="1" * 16, name="x", start_ns=1, attributes={"at": Path("/a")})]
    )
    await sink.close()
    assert b'{"at":"/a"}' in (tmp_path / "told.jsonl").read_bytes()
