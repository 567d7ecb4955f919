"""Two organizations on one server, for the tests of what one reaches of the other."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import httpx
from litestar import Litestar
from tests.server.conftest import LIVEKIT
from tests.server.console import tell
from tests.server.manor import URL, Guest, Manor, agent, manor, put, talked
from tests.store.visiting import VISIT, VISITOR, an_id, batch, identified, page
from tests.store.world import NOW

from duologue.access import console, keys
from duologue.access.keys import SCOPES
from duologue.server.app import House
from duologue.server.rooms import Rooms
from duologue.server.serve import now_ms
from duologue.store import alerts, links, organizations, recordings, sessions, visits
from duologue.store.tables import metadata

MARK: Final = "rivalry"
"""Stands in all that the other organization owns, and so in no answer to us."""
SHOP: Final = "https://shop.example"
OURS: Final = "desk"


class Estate:
    """The house with its two organizations, what the other one owns, and keys of both."""

    def __init__(self, house: Manor) -> None:
        self.house = house
        dev = House(house.host, Rooms(house.host), "dev", house.org_id, bound=URL)
        # It has every door that the one of `serve` has, and asks for a key as that does.
        assert walked(house.doors) < walked(dev._doors)
        house.house = dev
        self.org = house.unit(organizations.create, slug=MARK, name=MARK, now=0).id
        self.theirs = _furnish(house, self.org)
        self.theirs |= self._told()

    def key(self, org_id: str = "", scopes: Sequence[str] = SCOPES, **more: Any) -> str:
        """A new secret key; of ours, with all scopes, unless others are named."""
        given: dict[str, Any] = {"expires_at": None, "now": now_ms()} | more
        _, text = self.house.unit(
            keys.create,
            org_id or self.house.org_id,
            kind="secret",
            name="",
            agent=None,
            origins=(),
            scopes=scopes,
            **given,
        )
        return text

    def stranger(self) -> str:
        """One more organization, which has our agent and nothing else."""
        org = self.house.unit(
            organizations.create, slug=f"new-{uuid4().hex[:8]}", name="", now=0
        ).id
        put(self.house, org, agent(OURS))
        return org

    def public(self, agent: str = OURS, org_id: str = "") -> str:
        """A new public key for the pages of the shop."""
        _, text = self.house.unit(
            keys.create,
            org_id or self.house.org_id,
            kind="public",
            name="",
            agent=agent,
            origins=[SHOP],
            scopes=(),
            expires_at=None,
            now=now_ms(),
        )
        return text

    def ask(
        self, method: str, path: str, key: str | None, body: Any = None, **headers: str
    ) -> httpx.Response:
        """The answer to one who shows that key."""
        if key is not None:
            headers["authorization"] = f"Bearer {key}"
        options: dict[str, Any] = {"headers": headers}
        if body is not None:
            headers["content-type"] = "application/json"
            options["content"] = json.dumps(body)
        return self.guest().ask(method, path, **options)

    def guest(self, cookie: str = "") -> Guest:
        """A browser, which shows that cookie."""
        return self.house.nobody(cookie)

    def owner(self) -> str:
        """The cookie of an owner of the other organization."""
        token = self.house.unit(console.invite, self.org, "owner", MARK, now_ms())
        return self.house.unit(console.enter, token, now_ms())

    def everything(self, org_id: str = "") -> dict[str, list[str]]:
        """All rows of the other organization, but for when its keys were used."""

        def read(conn: Any) -> dict[str, list[str]]:
            wanted = org_id or self.org
            return {
                table.name: sorted(
                    str({n: v for n, v in row._asdict().items() if n != "last_used_at"})
                    for row in conn.execute(table.select().where(table.c.org_id == wanted))
                )
                for table in metadata.sorted_tables
                if "org_id" in table.c
            }

        return self.house.unit(read)

    def _told(self) -> dict[str, str]:
        """An instance and a step, told by Prefactor's API as a program does."""
        key = self.key(self.org)
        version = {"name": MARK, "external_identifier": MARK}
        told = {"agent_version": version, "agent_schema_version": {}, "agent_id": MARK}
        first, second = (
            self.ask("POST", "/api/v1/agent_instance/register", key, told).json()["details"]["id"]
            for _ in range(2)
        )
        details = {"agent_instance_id": first, "schema_name": f"livekit:{MARK}", "status": "active"}
        step = self.ask("POST", "/api/v1/agent_spans", key, {"details": details}).json()
        return {"instance": first, "taken": second, "step": step["details"]["id"]}


def walked(doors: Litestar) -> set[str]:
    """Every door that the router has, but for the console's."""
    found = set()
    for route in doors.routes:
        path = route.path_format if hasattr(route, "path_format") else route.path
        if path != "/console" and not path.startswith("/console/"):
            found |= {f"{method} {path}" for method in getattr(route, "methods", ())}
    return {each for each in found if not each.startswith(("OPTIONS", "HEAD"))}


@contextmanager
def estate(folder: Path, **settings: Any) -> Iterator[Estate]:
    """A house with an organization of ours, and another that has one of everything."""
    with manor(folder / "data", agent(OURS), **(LIVEKIT | settings)) as house:
        yield Estate(house)


def _furnish(house: Manor, org: str) -> dict[str, str]:
    """What the other organization owns, by the names that addresses have for it."""
    put(house, org, agent(MARK, greeting=MARK))
    told = batch(page(f"/{MARK}", NOW, MARK), identified(MARK, NOW), sent_at=NOW)
    house.unit(visits.record, org, told, NOW)
    talk = house.unit(talked, org, MARK, visitor=VISITOR)
    run = house.unit(tell, org, 77, agent=MARK, conversation_id=talk, outcome=MARK)
    made, _ = house.unit(
        keys.create,
        org,
        kind="public",
        name=MARK,
        agent=MARK,
        origins=[f"https://{MARK}.example"],
        scopes=[],
        expires_at=None,
        now=now_ms(),
    )
    house.unit(organizations.credit, org, 5_000_000, MARK, now_ms())
    folder = house.host.settings.recordings
    folder.mkdir(parents=True)
    (folder / "a.ogg").write_bytes(MARK.encode())
    at = {"started_ns": 1, "now": now_ms()}
    sound = house.unit(recordings.start, org, run, path="a.ogg", format="ogg", **at)
    assert sound is not None
    house.unit(recordings.finish, org, sound.id, duration_ms=1, size=len(MARK))
    link = house.unit(links.add, org, run, hash=MARK, now=now_ms(), expires_at=now_ms() + 9**9)
    assert link is not None
    alert = house.unit(
        alerts.add,
        org,
        measure="lost",
        agent=MARK,
        threshold=1.0,
        window_ms=3_600_000,
        webhook=f"https://{MARK}.example/hook",
        now=now_ms(),
    )
    session = house.unit(sessions.page, org, conversation_id=talk, limit=1).items[0]
    return {
        "org": org,
        "run": run,
        "trace": run.removeprefix("run_"),
        "agent": MARK,
        "ours": OURS,
        "key": made.id,
        "visitor": VISITOR,
        "visit": VISIT,
        "event": an_id("evt_"),
        "conversation": talk,
        "session": session.id,
        "recording": sound.id,
        "link": link.id,
        "alert": alert.id,
        "name": "talk.css",
        "path": "openapi.json",
    }
