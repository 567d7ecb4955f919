"""`duologue conversations`: what was said."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from sqlalchemy import Connection

from duologue.cli import output
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
from duologue.store import agents, conversations, feedback, messages, sessions
from duologue.store.records import Conversation, Feedback, Message, Session

app = typer.Typer(help="Conversations and their transcripts.", no_args_is_help=True)
Id = Annotated[str, typer.Argument(metavar="ID", help="The conversation: conv_…")]


@app.command("list")
def list_(
    agent: Annotated[str | None, typer.Option("--agent", help="Only this agent's.")] = None,
    limit: Annotated[int, typer.Option("--limit", min=1, max=1000, help="How many.")] = 20,
    before: Annotated[
        str | None, typer.Option("--before", help="Go on behind this conversation.")
    ] = None,
    org: Org = "default",
    data: Data = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """List conversations, newest first."""
    with database(data, config) as conn:
        owner = organization(conn, org)
        names = {each.id: each.slug for each in agents.all(conn, owner.id)}
        ids = {slug: key for key, slug in names.items()}
        wanted = None if agent is None else ids.get(agent, agent)
        page = conversations.page(conn, owner.id, agent_id=wanted, before=before, limit=limit)
    if as_json:
        return output.emit({"items": [_facts(each) for each in page.items], "next": page.next})
    rows = [
        (
            each.id,
            names.get(each.agent_id, each.agent_id),
            output.when(each.created_at),
            str(each.next_seq - 1),
            "open" if each.ended_at is None else f"ended: {each.end_reason}",
        )
        for each in page.items
    ]
    output.table(("id", "agent", "began", "entries", "state"), rows, empty="No conversations yet.")
    if page.next:
        output.say(f"More: duologue conversations list --before {page.next}")
    return None


@app.command()
def show(
    conversation: Id,
    org: Org = "default",
    data: Data = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Show a transcript."""
    with database(data, config) as conn:
        found, _, said, thought = _whole(conn, organization(conn, org).id, conversation)
    if as_json:
        return output.emit({**_facts(found), "messages": said, "feedback": thought})
    if not said:
        output.say("Nothing was said yet.")
    for each in said:
        who = each.role if each.kind == "message" else f"{each.role} {each.kind}"
        if each.kind == "message" and isinstance(each.item, dict) and "by" in each.item:
            who = f"{each.item['by']} {each.item['name']}"  # in the agent's place
        cut = " [interrupted]" if each.interrupted else ""
        output.say(f"{output.when(each.created_at)}  {who}: {each.text}{cut}")
    for one in thought:
        words = f": {one.text}" if one.text else ""
        output.say(f"{output.when(one.updated_at)}  thumb {one.rating}{words}")
    return None


@app.command()
def export(
    conversation: Id,
    out: Annotated[
        Path | None, typer.Option("--out", help="A file to write; without it, stdout.")
    ] = None,
    org: Org = "default",
    data: Data = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Write a whole conversation as JSON: facts, sessions, messages, feedback."""
    with database(data, config) as conn:
        found, attached, said, thought = _whole(conn, organization(conn, org).id, conversation)
    document = {
        **_facts(found),
        "sessions": [_facts(each) for each in attached],
        "messages": said,
        "feedback": thought,
    }
    if out is None:
        return output.emit(document)
    out.write_bytes(msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n")
    if as_json:
        return output.emit({"id": found.id, "file": str(out)})
    return output.say(f"Wrote {len(said)} entries to {out}.")


@app.command()
def delete(
    conversation: Id,
    yes: Yes = False,
    org: Org = "default",
    data: Data = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Forget a conversation and all that was said in it."""
    confirm_forgetting(conversation, yes=yes, as_json=as_json)
    with database(data, config) as conn:
        if not conversations.delete(conn, organization(conn, org).id, conversation):
            raise DuologueError("conversation_not_found", conversation=conversation)
    if as_json:
        return output.emit({"id": conversation, "deleted": True})
    return output.say(f"Forgot {conversation}.")


def _whole(
    conn: Connection, org_id: str, wanted: str
) -> tuple[Conversation, list[Session], list[Message], list[Feedback]]:
    found = conversations.get(conn, org_id, wanted)
    if found is None:
        raise DuologueError("conversation_not_found", conversation=wanted)
    attached = sessions.page(conn, org_id, conversation_id=wanted, limit=1000).items
    said, thought = messages.of(conn, org_id, wanted), feedback.of(conn, org_id, wanted)
    return found, attached[::-1], said, thought


def _facts(record: Conversation | Session) -> dict[str, Any]:
    """What leaves the house of a record: everything but hashes of secrets."""
    secret = ("resume_hash", "resume_before_hash", "key_hash")
    return {k: v for k, v in msgspec.structs.asdict(record).items() if k not in secret}
