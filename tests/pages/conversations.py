"""Conversations of the past for the console's pages: turns, steps, a log, and a sound to them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import av
import numpy as np
from tests.serving import House

from duologue.store import organizations, recordings, traces
from duologue.store.database import unit
from duologue.store.trace_records import LogRow, SpanRow, TraceEntry, TraceRow, TurnRow
from duologue.testing import speech

S = 1_000_000_000
LONG = 40
"""Seconds of a conversation."""
SOUND_FROM = 0.5
"""Seconds from its beginning to that of its recording."""
HOSTILE = (
    "<script>document.title='owned'</script><img src=x onerror=alert(1)> "
    + "Donaudampfschifffahrtsgesellschaft" * 12
    + " \u202eשלום עולם، مرحبا بالعالم\u202c {{ 7*7 }} \x1b[31m"
)
"""What nobody should say, and somebody will."""


def ogg(path: Path, seconds: float = LONG) -> Path:
    """A stereo Ogg/Opus file of that length, with a note that rises."""
    rate = 48_000
    left = np.concatenate(
        [speech.tone(1.0, 220 + 10 * n, rate).floats for n in range(round(seconds))]
    )
    sound = np.stack([left, np.roll(left, rate // 2)], axis=1).astype(np.float32)
    with av.open(str(path), "w", format="ogg") as file:
        stream: Any = file.add_stream("libopus", rate=rate, layout="stereo")
        for start in range(0, len(sound), 960):
            piece = np.ascontiguousarray(sound[start : start + 960].reshape(1, -1))
            frame: Any = av.AudioFrame.from_ndarray(piece, format="flt", layout="stereo")
            frame.sample_rate = rate
            file.mux(stream.encode(frame))
        file.mux(stream.encode(None))
    return path


def past(
    house: House, number: int, *, turns: int = 10, sound: bool = True, hostile: bool = False
) -> str:
    """Writes a conversation of so many turns into a house's store; its run."""
    trace = f"{0xBEEF:016x}{number:016x}"
    began = (time.time_ns() // S - 3600) * S
    rows: list[TraceEntry] = [
        TraceRow(
            trace=trace,
            source="duologue",
            agent="demo",
            status="complete",
            reason="client_initiated",
            transport="websocket",
            started_ns=began,
            ended_ns=began + LONG * S,
        )
    ]
    for index in range(turns):
        at = began + index * LONG * S // turns
        rows += [
            TurnRow(
                trace=trace,
                index=index,
                started_ns=at,
                ended_ns=at + LONG * S // turns,
                user_text=HOSTILE if hostile else f"What about question {index}?",
                agent_text=HOSTILE if hostile else f"That is answer {index}, as far as I know.",
                spoken=True,
                interrupted=index == 6,
                eou_ms=420.0 + 30 * index,
                stt_ms=180.0,
                llm_ms=310.0 + 60 * (index % 4),
                tts_ms=140.0,
                transport_ms=35.0,
                e2e_ms=1000.0 + 90 * index,
                played_s=1.8,
                input_tokens=120,
                output_tokens=20,
                tools=index % 3 == 1,
            ),
            *_steps(trace, index, at, hostile=hostile),
        ]
    rows += [
        LogRow(
            trace=trace, id="e" * 16, at_ns=began + 13 * S, level="error", text="the model hangs"
        ),
        LogRow(trace=trace, id="d" * 16, at_ns=began + 21 * S, level="info", text="connected anew"),
    ]
    with unit(f"sqlite:///{house.data}/duologue.db") as conn:
        own = organizations.get(conn, "default")
        assert own is not None
        traces.put(conn, own.id, rows, time.time_ns() // 10**6)
        if sound:
            folder = house.data / "recordings"
            folder.mkdir(exist_ok=True)
            file = ogg(folder / f"past-{number}.ogg")
            made = recordings.start(
                *(conn, own.id, f"run_{trace}"),
                path=file.name,
                format="ogg",
                started_ns=began + round(SOUND_FROM * S),
                now=began // 10**6,
            )
            size = file.stat().st_size
            recordings.finish(conn, own.id, made.id, duration_ms=LONG * 1000, size=size)
    return f"run_{trace}"


def _steps(trace: str, index: int, at: int, *, hostile: bool) -> list[SpanRow]:
    kinds = (
        ("user_speaking", "speech", 0.0, 1.3),
        ("eou_wait", "other", 1.3, 1.7),
        ("llm_request", "llm", 1.7, 2.2),
        ("tts_request", "tts", 2.0, 2.6),
        ("agent_speaking", "speech", 2.2, 3.8),
        *([("book_table", "tool", 1.9, 2.0)] if index % 3 == 1 else []),
    )
    told = '{"gen_ai.request.model":"gpt","lk.response":%s}'
    said = '"<script>alert(1)</script>"' if hostile else '"[{\\"role\\":\\"user\\"}]"'
    return [
        SpanRow(
            trace=trace,
            id=f"{index:08x}{place:08x}",
            name=name,
            kind=kind,
            start_ns=at + round(start * S),
            end_ns=at + round(end * S),
            status="ok",
            turn=index,
            attributes=told % said,
        )
        for place, (name, kind, start, end) in enumerate(kinds)
    ]
