"""The tables and sentences of the performance page, from the figures that were kept."""

from __future__ import annotations

from typing import Any, Final

from bench.figures import kept
from bench.systems import NAMES

OURS: Final = NAMES[0]


def systems(name: str) -> dict[str, Any]:
    """The kept figures of every system, ours first; empty where nothing was measured."""
    found = (kept(name) or {}).get("systems", {})
    return {each: found[each] for each in NAMES if each in found}


def table(head: list[str], rows: list[list[str]]) -> str:
    """A Markdown table; a sentence where nothing was measured."""
    if not rows:
        return "Not measured."
    lines = [head, [":---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def held_table() -> str:
    """How many sessions are held, and whether one costs the same throughout."""
    held = systems("capacity")
    ours = held.get(OURS, {}).get("held", 0)
    rows = []
    for name, row in held.items():
        flat = "; ".join(f"{ms:.1f} at {count}" for count, ms in row["flat"])
        ratio = f"{ours / row['held']:.1f}" if row["held"] else "-"
        rows.append([name, str(row["held"]), ratio, flat])
    head = ["", "sessions", "ours to theirs", "ms of processor a session-second, at … sessions"]
    return table(head, rows)


def cost_table() -> str:
    """Processor time and memory."""
    cost = systems("cost")
    ours = cost.get(OURS, {}).get("talking_ms", 0)
    rows = [
        [
            *(name, f"{row['talking_ms']:.1f}", f"{row['listening_ms']:.1f}"),
            *(f"{row['talking_ms'] / ours:.1f}" if ours else "-", f"{row['memory_mb']:.2f}"),
            *(f"{row['left_mb']:+.1f}", f"{row['response_p50_ms']:.0f}"),
        ]
        for name, row in cost.items()
    ]
    head = [
        *("at 8 sessions", "talking, ms/s", "listening, ms/s", "theirs to ours"),
        *("MB each", "MB left behind", "end of speech to sound, p50 ms"),
    ]
    return table(head, rows)


def anatomy_words() -> str:
    """What the table shows, and what was done about it."""
    row = kept("anatomy")
    if row is None:
        return "Not measured."
    return (
        f"Samples of the server's stack with {row['sessions']} sessions talking, as milliseconds"
        " of processor a session-second; before: the same server at the commit from which the"
        " tuning began. Then voice detection handed every 32 ms window to a thread and its"
        " events through two queues; now it looks at sound where it arrives and tells nothing"
        " of silence. Frames pass on as they come. A message of the socket costs no task and no"
        " timer of its own. Sound waited for searches of garbage through a million objects;"
        " what was loaded at the start is spared from them now."
    )


def anatomy_table() -> str:
    """Before and now, by part."""
    found = (kept("anatomy") or {}).get("found", {})
    if "before" not in found:
        return ""
    before, now = found["before"], found["now"]
    names = sorted(before.keys() | now.keys(), key=lambda name: -before.get(name, 0.0))
    rows = [[name, f"{before.get(name, 0):.2f}", f"{now.get(name, 0):.2f}"] for name in names]
    return table(["", "before, ms/s", "now, ms/s"], rows)


def response_table() -> str:
    """Our own part, and the peer's that shares our voice detection."""
    rows = [
        [name, count, *(f"{row[key]:.0f}" for key in ("p50", "p95", "whole_p50", "whole_p95"))]
        for name, counts in systems("response").items()
        for count, row in counts.items()
    ]
    head = ["", "sessions", "own p50, ms", "own p95, ms", "whole p50, ms", "whole p95, ms"]
    return table(head, rows)


def barge_in_table() -> str:
    """How fast agents fall silent, and what disturbs them."""
    rows = []
    for name, row in (kept("barge_in") or {}).get("rivals", {}).items():
        verdicts = [row["verdicts"].get(kind, 0) for kind in ("cut", "long pause", "hesitation")]
        rows.append(
            [
                *(name, f"{row['p50']:.0f}", f"{row['p95']:.0f}"),
                *(f"{row['silenced']}/{row['trials']}", *map(str, verdicts)),
                str(row["disturbances"]),
            ]
        )
    head = ["", "p50, ms", "p95, ms", "silenced", "cut", "long pauses", "hesitations", "of"]
    return table(head, rows)


def resume_table() -> str:
    """How an answer goes on."""
    rows = [
        [
            *(name, f"{row['p50']:.0f}", f"{row['p95']:.0f}", f"{row['twice_p50']}"),
            *(f"{row['twice_most']}", f"{row['lost_most']}", f"{row['trials']}"),
        ]
        for name, row in (kept("resume") or {}).get("cases", {}).items()
    ]
    head = [
        *("", "p50, ms", "p95, ms", "samples heard twice, p50", "at most"),
        *("samples lost, at most", "trials"),
    ]
    return table(head, rows)


def overload_words() -> str:
    """What happens to those who are in, and to the others."""
    row = kept("overload")
    if row is None:
        return "Not measured."
    told = ", ".join(f"{count} times {what}" for what, count in row["refusals"].items())
    soon = f" (95th percentile {row['refused_p95']:.0f} ms)" if "refused_p95" in row else ""
    return (
        f"{row['came']} callers came to a server for {row['capacity']}: {row['admitted']} were let"
        f" in and {row['lost']} of those lost. They got {row['answers']} answers with"
        f" {row['underruns_a_minute']:.2f} gaps a minute, responses of {row['p95']:.0f} ms at the"
        f" 95th percentile. The others were told at once{soon}: {told}."
    )


def quiet_words() -> str:
    """Authorize requests and idle sockets."""
    words = []
    if (authorize := kept("authorize")) is not None:
        ours, peer = authorize["rates"].values()
        words.append(
            f"{ours:.0f} authorize requests a second on one core, {ours / peer:.2f} times what a"
            " bare Starlette endpoint reaches that does the same writes by hand."
        )
    if (idle := kept("idle")) is not None:
        words.append(
            f"{idle['count']} idle sessions hold {idle['megabytes']:.0f} MB, their sockets open"
            " and their agents not started."
        )
    return " ".join(words) or "Not measured."


def rooms_table() -> str:
    """How soon an agent listens in a room, and what a room costs."""
    row = kept("rooms")
    if row is None:
        return table([], [])
    rows = [
        [
            *(name, *(f"{each[key]:.0f}" for key in ("p50", "p95", "joined"))),
            *(f"{each[key]:.0f}" if key in each else "" for key in ("crowd", "crowd_last", "base")),
            f"{each['each']:.2f}" if "each" in each else "",
        ]
        for name, each in row["systems"].items()
    ]
    head = [
        *("", "start to listening, p50 ms", "p95, ms", "of it the client's own way in, ms"),
        *(f"{row['sessions']} at once, p50 ms", "the last, ms"),
        *("MB before the first", "MB a session"),
    ]
    return table(head, rows)


def rooms_words() -> str:
    """The ratios that the table shows, and the tokens behind it."""
    words = []
    if (rooms := kept("rooms")) is not None:
        ours, unsaid, theirs = rooms["systems"].values()
        words.append(
            f"Our agents listen after {ours['p50'] / theirs['p50']:.2f} of the time (goal: at most"
            f" 0.50), of {rooms['trials']} starts; after {unsaid['p50'] / theirs['p50']:.2f} when"
            " LiveKit sends them, for it waits a fifth of a second before it does; after"
            f" {ours['crowd'] / theirs['crowd']:.2f} when"
            f" {rooms['sessions']} callers come at once, more than a worker has processes for."
            f" A session takes {ours['each'] / theirs['each']:.3f} of the memory (goal: at most"
            " 0.10)."
        )
    if (tokens := kept("tokens")) is not None:
        ours, peer = tokens["rates"].values()
        words.append(
            f"The token door answers {ours:.0f} requests a second on one core, {ours / peer:.2f}"
            " times what a bare Starlette endpoint with livekit-api reaches (goal: at least 0.80)."
        )
    return " ".join(words) or "Not measured."


def widgets_table() -> str:
    """What a widget loads, and how soon it is there."""
    rows = [
        [
            *(name, f"{row['before'] / 1000:.1f}", f"{row['after'] / 1000:.1f}"),
            f"{(row['before'] + row['after']) / 1000:.1f}",
            f"{row['brotli_in_all'] / 1000:.1f}" if "brotli_in_all" in row else "",
            *(f"{row[key]:.0f}" for key in ("parsed", "busy", "shown")),
            *(f"{row[key]:.0f}" for key in ("phone_parsed", "phone_shown")),
        ]
        for name, row in ((kept("widgets") or {}).get("systems", {})).items()
    ]
    head = [
        *("", "kB before talk", "kB after", "in all", "in all with brotli"),
        *("parse and evaluate, ms", "main thread, ms", "launcher shown, ms"),
        *("a phone: parse and evaluate, ms", "launcher shown, ms"),
    ]
    return table(head, rows)


def widgets_words() -> str:
    """What the table cannot show: who was asked in vain, and the ratios."""
    found = kept("widgets")
    if found is None:
        return ""
    rows = found["systems"]
    words = [f"{found['browser']}; {found['peers']}; medians of {found['loads']} loads."]
    for name, row in rows.items():
        if not name.startswith("@"):
            continue
        ours = [f"{rows[OURS][key] / row[key]:.2f}" for key in ("before", "parsed", "shown")]
        whole = row["before"] + row["after"]
        mine = (one["before"] + one["after"] for key, one in rows.items() if key.startswith(OURS))
        sums = " (in a room ".join(f"{each / whole:.2f}" for each in mine) + ")"
        words.append(
            f"Ours to {name}: {ours[0]} of the bytes before talk, {sums} of all of them,"
            f" {ours[1]} of the parsing and evaluating, {ours[2]} of the time to the launcher"
            + (f"; it asked {', '.join(row['elsewhere'])} too." if row["elsewhere"] else ".")
        )
    return " ".join(words)
