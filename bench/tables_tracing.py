"""The tables of the performance page about traces: what they cost, how true, how fast."""

from __future__ import annotations

from typing import Any, Final

from bench.figures import kept
from bench.tables import table

PARTS: Final = {
    "eou": "end of utterance",
    "stt": "recognizer beyond it",
    "llm": "model",
    "tts": "voice",
    "unexplained": "unexplained",
    "e2e": "in all",
}


def tracing_table() -> str:
    """What each way of tracing adds to a turn, at both paces."""
    paces = (kept("tracing") or {}).get("paces", {})
    names = list(next(iter(paces.values()), {}))
    rows = [
        [
            name,
            *(
                cell
                for pace in paces.values()
                for cell in (f"{pace[name]['ms']:.2f}", f"{pace[name]['added']:+.2f}")
            ),
        ]
        for name in names
    ]
    head = [cell for pace in paces for cell in (f"ms a turn, {pace}", "added")]
    return table(["", *head], rows)


def ingest_table() -> str:
    """Spans that a core takes in a second."""
    doors = (kept("ingest") or {}).get("doors", {})
    rows = [[name, *(f"{rate:.0f}" for rate in shapes.values())] for name, shapes in doors.items()]
    return table(["door", *next(iter(doors.values()), {})], rows)


def delays_table() -> str:
    """What the page says of where the time went, and the truth."""
    cases: dict[str, Any] = (kept("known_delays") or {}).get("cases", {})
    rows = [
        [
            case,
            *(f"{parts[part]['shown']:.0f} / {parts[part]['true']:.0f}" for part in PARTS),
            f"{max(parts[part]['apart'] for part in PARTS):.0f}",
        ]
        for case, parts in cases.items()
    ]
    return table(["shown / true, ms", *PARTS.values(), "furthest apart"], rows)


def faults_table() -> str:
    """What a call notices of an API in trouble, ours beside the peer's."""
    found = (kept("tracing_faults") or {}).get("rows", [])
    by_fault: dict[tuple[str, bool], dict[str, Any]] = {}
    for row in found:
        by_fault.setdefault((row["fault"], row["from_start"]), {})[row["by"]] = row
    rows = []
    for (fault, start), each in by_fault.items():
        whole = fault == "fine" or fault.startswith("kill")
        when = "" if whole else " from the start" if start else " later"
        both = [each.get(by) for by in ("duologue", "prefactor")]
        cells = [_cell(row, what) for what in ("start", "close") for row in both]
        rows.append([fault + when, *cells, *map(_arrived, both)])
    head = [
        *("the API", "`start` ours, s", "theirs", "`close` ours, s", "theirs"),
        *("steps that arrived, ours", "theirs"),
    ]
    return table(head, rows)


def _cell(row: dict[str, Any] | None, what: str) -> str:
    """How long it took, and what it raised."""
    if row is None:
        return "-"
    if what == "close" and (row["close_error"] == "killed" or not row["began"]):
        return ""
    said = f"{row[what]:.1f}"
    if row[f"{what}_error"]:
        said += f" {row[f'{what}_error']}"
    return said if what == "close" or row["began"] else f"{said}: **no call**"


def _arrived(row: dict[str, Any] | None) -> str:
    return "-" if row is None else f"{row['arrived']} of {row['of']}"


def console_table() -> str:
    """How long pages of the console take."""
    pages = (kept("console_pages") or {}).get("pages", {})
    rows = [
        [name, f"{row['p50']:.0f}", f"{row['p95']:.0f}", f"{row['kb']:.0f}"]
        for name, row in pages.items()
    ]
    return table(["page", "p50, ms", "p95, ms", "kB"], rows)


def lists_words() -> str:
    """The slowest of the lists, and what writing takes."""
    row = kept("console_lists")
    if row is None:
        return ""
    slowest = max(row["lists"], key=lambda name: row["lists"][name][2])
    return (
        f"Beneath the pages, the slowest of {len(row['lists'])} queries takes"
        f" {row['lists'][slowest][2]:.0f} ms ({slowest}); {row['batches']:.0f} spans a second are"
        f" written on one core in batches, {row['live']:.0f} rows a second a turn at a time."
    )
