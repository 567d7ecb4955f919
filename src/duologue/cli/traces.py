"""`duologue traces`: what happened in each run, turn by turn."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from sqlalchemy import Connection

from duologue.cli import output, times
from duologue.cli.options import (
    Config,
    Data,
    Json,
    Org,
    Yes,
    confirm_forgetting,
    database,
    organization,
)
from duologue.errors import DuologueError
from duologue.store import trace_deletion, trace_export, trace_lists
from duologue.store.trace_records import TraceFilter
from duologue.wire.traces import AnsweredTurn, TraceExport, WholeTrace, as_csv

app = typer.Typer(help="Traces: how each run went, turn by turn.", no_args_is_help=True)
Id = Annotated[str, typer.Argument(metavar="ID", help="The trace: run_…")]
Agent = Annotated[str | None, typer.Option("--agent", help="Only this agent's.")]
Text = Annotated[str | None, typer.Option("--text", help="Only where these words were said.")]
Errors = Annotated[bool, typer.Option("--errors", help="Only where something went wrong.")]
Slow = Annotated[
    float | None, typer.Option("--slow", min=0, help="Only with an answer this slow, in ms.")
]
Before = Annotated[str | None, typer.Option("--before", help="Go on behind this cursor.")]
Limit = Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many.")]
Out = Annotated[Path | None, typer.Option("--out", help="A file to write; without it, stdout.")]


@app.command("list")
def list_(
    agent: Agent = None,
    text: Text = None,
    errors: Errors = False,
    slow: Slow = None,
    limit: Limit = 20,
    before: Before = None,
    org: Org = "default",
    data: Data = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List traces, newest first."""
    filters = _filters(agent, text, slow, errors=errors)
    with database(data, config) as conn:
        owner = organization(conn, org)
        page = trace_export.page(conn, owner.id, filters, before=before, limit=limit)
    if as_json:
        return output.emit(page)
    rows = [
        (
            each.id,
            each.agent or "—",
            output.when(each.started_at),
            str(each.turns),
            _ms(each.e2e_max_ms),
            str(each.errors + each.tool_errors),
            output.credit(each.cost_micros),
            each.status,
        )
        for each in page.items
    ]
    headings = ("id", "agent", "began", "turns", "slowest", "errors", "cost", "status")
    output.table(headings, rows, empty="No traces.")
    if page.next:
        output.say(f"More: duologue traces list --before {page.next}")
    return None


@app.command()
def show(
    trace: Id,
    org: Org = "default",
    data: Data = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Show a trace: each turn with its delays, then what was logged."""
    with database(data, config) as conn:
        found = _whole(conn, organization(conn, org).id, trace)
    if as_json:
        return output.emit(found)
    began, ended = output.when(found.started_at), output.when(found.ended_at)
    output.say(f"{found.id}: {found.agent or 'an agent'}, {began} to {ended}, {found.status}")
    for turn in found.turn_list:
        output.say(*_lines(turn))
    for line in found.logs:
        output.say(f"{output.when(line.at_ns // 1_000_000)}  {line.level}: {line.text}")
    return output.say(f"{len(found.spans)} spans; all of it: duologue traces export {found.id}")


@app.command()
def export(
    trace: Annotated[
        str | None, typer.Argument(metavar="[ID]", help="One trace; without it, all that pass.")
    ] = None,
    agent: Agent = None,
    text: Text = None,
    errors: Errors = False,
    slow: Slow = None,
    limit: Limit = 1000,
    before: Before = None,
    sheet: Annotated[bool, typer.Option("--csv", help="As CSV, a line a turn.")] = False,
    out: Out = None,
    org: Org = "default",
    data: Data = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Write whole traces as JSON, or their turns as CSV."""
    with database(data, config) as conn:
        owner = organization(conn, org)
        if trace is None:
            filters = _filters(agent, text, slow, errors=errors)
            made = trace_export.export(conn, owner.id, filters, before=before, limit=limit)
        else:
            made = TraceExport(items=[_whole(conn, owner.id, trace)], next=None)
    if out is None:
        return typer.echo(as_csv(made.items), nl=False) if sheet else output.emit(made)
    if sheet:
        out.write_text(as_csv(made.items), encoding="utf-8", newline="")
    else:
        out.write_bytes(msgspec.json.format(msgspec.json.encode(made), indent=2) + b"\n")
    if as_json:
        return output.emit({"traces": len(made.items), "file": str(out), "next": made.next})
    return output.say(f"Wrote {len(made.items)} traces to {out}.")


@app.command()
def delete(
    trace: Id,
    yes: Yes = False,
    org: Org = "default",
    data: Data = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Forget a trace with its turns, spans, logs and recordings."""
    confirm_forgetting(trace, yes=yes, as_json=as_json)
    with database(data, config) as conn:
        owner = organization(conn, org)
        found = trace_lists.get(conn, owner.id, trace)
        if found is None:
            raise DuologueError("trace_not_found", trace=trace)
        if found.status == "active":
            raise DuologueError("trace_live", trace=trace)
        trace_deletion.delete_one(conn, owner.id, trace)
    if as_json:
        return output.emit({"id": trace, "deleted": True})
    return output.say(f"Forgot {trace}.")


@app.command()
def prune(
    days: Annotated[
        int | None, typer.Option("--days", min=1, help="Forget what began longer ago.")
    ] = None,
    megabytes: Annotated[
        int | None, typer.Option("--megabytes", min=1, help="Leave an agent no more than this.")
    ] = None,
    yes: Yes = False,
    data: Data = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Forget traces of long ago, or the oldest of agents that take too much room."""
    if days is None and megabytes is None:
        raise typer.BadParameter("say what to forget: --days 90, --megabytes 1000, or both.")
    confirm_forgetting("these traces", yes=yes, as_json=as_json)
    gone = 0
    while True:
        with database(data, config) as conn:  # each a unit of its own: servers write meanwhile
            some = 0
            if days is not None:
                some += trace_deletion.prune_older(conn, times.now() - days * 86_400_000)
            if megabytes is not None:
                some += trace_deletion.prune_larger(conn, megabytes * 1_000_000)
        gone += some
        if not some:
            break
    if as_json:
        return output.emit({"deleted": gone})
    return output.say(f"Forgot {gone} traces.")


def _filters(
    agent: str | None, text: str | None, slow: float | None, *, errors: bool
) -> TraceFilter:
    return TraceFilter(agent=agent, text=text, slow_ms=slow, error=True if errors else None)


def _whole(conn: Connection, org_id: str, trace: str) -> WholeTrace:
    found = trace_export.whole(conn, org_id, trace)
    if found is None:
        raise DuologueError("trace_not_found", trace=trace)
    return found


def _lines(turn: AnsweredTurn) -> list[str]:
    """A turn for people: what was said, what was answered, and where the time went."""
    parts: dict[str, Any] = {
        "end of turn": turn.eou_ms,
        "stt": turn.stt_ms,
        "llm": turn.llm_ms,
        "tts": turn.tts_ms,
        "transport": turn.transport_ms,
    }
    known = [f"{name} {_ms(value)}" for name, value in parts.items() if value is not None]
    cut = " [interrupted]" if turn.interrupted else ""
    lines = [f"{turn.index:3}  user: {turn.user_text}"] if turn.user_text else []
    who = f"{turn.person}, in the agent's place" if turn.person else "agent"
    lines.append(f"{turn.index:3}  {who}: {turn.agent_text or '(no answer)'}{cut}")
    if turn.e2e_ms is not None or known:
        lines.append(f"     {_ms(turn.e2e_ms)}  {'  '.join(known)}".rstrip())
    return lines


def _ms(value: float | None) -> str:
    return "—" if value is None else f"{value:.0f} ms"
