"""Where settings send a server's own runs: the sinks that they mean."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.trace.receiver import Receiver

from duologue.errors import DuologueError
from duologue.settings import Settings, otlp_headers
from duologue.trace.entries import Turn
from duologue.trace.onward import onward


def test_nothing_is_sent_on_unasked(tmp_path: Path) -> None:
    """Without settings there is no sink, and no folder."""
    assert onward(Settings(data=str(tmp_path / "data"))) == []
    assert list(tmp_path.iterdir()) == []


async def test_what_leaves_the_machine_is_spooled(tmp_path: Path) -> None:
    """Below the data folder, with or without words as the settings say; a file is no journey."""
    async with Receiver() as receiver:
        for words in (False, True):
            settings = Settings(
                data=str(tmp_path),
                trace_otlp=receiver.url,
                trace_otlp_headers="x-key=k",
                trace_otlp_words=words,
                trace_lines=str(tmp_path / "lines.jsonl"),
            )
            far, lines = onward(settings)
            assert (far.name, far.remote, far.content) == ("otlp", True, words)
            assert (lines.name, lines.remote, lines.content) == ("lines", False, True)
            await far.write([Turn(trace="0" * 32, index=0, started_ns=1, user_text="hi")])
            assert [each.name for each in (tmp_path / "spool").iterdir()] != []
            await far.close()
            await lines.close()
    assert [b"hi" in each.body for each in receiver.taken] == [False, True]
    assert {each.headers["x-key"] for each in receiver.taken} == {"k"}


def test_a_file_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    """By name, with the reason of the system."""
    with pytest.raises(DuologueError, match=r"trace_lines.*directory.*may be written") as caught:
        onward(Settings(data=str(tmp_path), trace_lines=str(tmp_path)))
    assert caught.value.code == "setting_invalid"


@pytest.mark.parametrize(
    ("text", "headers"),
    [
        ("", {}),
        (" , ", {}),
        ("Authorization=Basic%20YWJj==", {"Authorization": "Basic YWJj=="}),
        (
            "authorization = Bearer abc , x-team=a%2Cb",
            {"authorization": "Bearer abc", "x-team": "a,b"},
        ),
    ],
)
def test_headers_are_read_as_opentelemetry_writes_them(text: str, headers: dict[str, str]) -> None:
    """Names and values with commas between them; what is special in a value is escaped."""
    assert otlp_headers(Settings(trace_otlp_headers=text)) == headers
