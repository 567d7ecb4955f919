"""`duologue serve`: what is published, for those who have a key."""

from __future__ import annotations

from duologue.cli import output
from duologue.cli.catalog import catalog
from duologue.cli.options import (
    Config,
    Data,
    Files,
    Host,
    Json,
    Port,
    organization,
    settings,
    with_rooms,
)
from duologue.settings import Settings
from duologue.store import agents, keys
from duologue.store.database import unit


def serve(
    files: Files = None,
    host: Host = None,
    port: Port = None,
    data: Data = None,
    config: Config = None,
    as_json: Json = False,
) -> None:
    """Serve published agents to clients with a key; without FILE, the demo agents."""
    chosen = settings(data, config, host=host, port=port)
    loaded = catalog(files, chosen)
    from duologue.server import logs
    from duologue.server.serve import run

    logs.configure(chosen.log_format, chosen.log_level)

    def announce(url: str) -> None:
        if as_json:
            event = {"event": "listening", "url": url}
            return output.emit(with_rooms(event, chosen.livekit_url))
        return output.say(f"duologue serves at {url}", *next_steps(chosen))

    run(chosen, loaded, mode="serve", announce=announce)


def next_steps(chosen: Settings) -> list[str]:
    """What is still missing before anybody can call, and the command that mends it."""
    with unit(chosen.database) as conn:
        owner = organization(conn, "default").id
        known = agents.all(conn, owner)
        steps = []
        if not any(each.published_at for each in known):
            slug = known[0].slug if known else "demo"
            steps.append(f"No agent is published yet:  duologue agents publish {slug}")
        if not any(each.revoked_at is None for each in keys.all(conn, owner)):
            steps.append("There is no key yet:        duologue keys create --kind secret")
    return steps
