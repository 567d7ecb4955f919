"""`GET /metrics`: how this process does, as Prometheus reads it."""

from __future__ import annotations

import os
import resource
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final, get_args

from litestar import MediaType, Request, Response, get

from duologue import __version__
from duologue.access import keys
from duologue.access.origins import is_loopback
from duologue.errors import DuologueError
from duologue.pipeline.host import Host
from duologue.pipeline.metrics import COUNTED
from duologue.server.admit import Doorman
from duologue.server.layercode import presented_key
from duologue.server.nearby import as_page
from duologue.store import alerts
from duologue.wire.alerts import EventKind, State
from duologue.wire.prometheus import CONTENT_TYPE, Metric, Values, text

INFO: Final = Metric("duologue_info", "gauge", "Which version runs; always 1.", ("version",))
LIVE: Final = Metric(
    "duologue_sessions_live", "gauge", "Sessions that are attached now.", ("agent",)
)
RUNS: Final = Metric(
    "duologue_runs_live", "gauge", "Agents that are awake, attached or waiting for their caller."
)
LIMIT: Final = Metric("duologue_runs_limit", "gauge", "How many of them there may be.")
DRAINING: Final = Metric("duologue_draining", "gauge", "1 while the server is closing.")
REDIS: Final = Metric(
    "duologue_redis_reached", "gauge", "Whether Redis is: 1 or 0; nothing without redis_url."
)
LEDGER: Final = Metric("duologue_ledger_pending", "gauge", "Entries of traces not yet written.")
SENT: Final = Metric("duologue_ledger_sent_total", "counter", "Entries of traces written.")
DROPPED: Final = Metric("duologue_ledger_dropped_total", "counter", "Entries of traces lost.")
STRIPPED: Final = Metric(
    "duologue_ledger_stripped_total", "counter", "Entries of traces that lost their content."
)
TOLD: Final = Metric(
    "duologue_onward_sent_total", "counter", "Entries of traces that arrived elsewhere.", ("to",)
)
UNTOLD: Final = Metric(
    "duologue_onward_dropped_total", "counter", "Entries that did not, and will not.", ("to",)
)
WAITING: Final = Metric(
    "duologue_onward_waiting", "gauge", "Entries that wait for it, in memory or on disk.", ("to",)
)
STORE: Final = Metric(
    "duologue_store_waiting", "gauge", "Units of work that wait for the database."
)
ALERTS: Final = Metric(
    "duologue_alerts", "gauge", "Alerts of all organizations by how they stand.", ("state",)
)
ALERTED: Final = Metric(
    "duologue_alert_events_total", "counter", "Alerts that fired or got well, seen here.", ("kind",)
)
WEBHOOKS: Final = Metric(
    "duologue_webhooks_total",
    "counter",
    "Webhooks sent from here: delivered, retried, or failed for good.",
    ("result",),
)
CPU: Final = Metric("process_cpu_seconds_total", "counter", "Processor time of this process.")
MEMORY: Final = Metric("process_resident_memory_bytes", "gauge", "Memory of this process.")
FILES: Final = Metric("process_open_fds", "gauge", "Files and sockets that are open.")
STARTED: Final = Metric(
    "process_start_time_seconds", "gauge", "When this process began, in unix seconds."
)
METRICS: Final = (
    *(INFO, LIVE, RUNS, LIMIT, DRAINING, REDIS),
    *COUNTED,
    *(LEDGER, SENT, DROPPED, STRIPPED, TOLD, UNTOLD, WAITING, STORE),
    *(ALERTS, ALERTED, WEBHOOKS),
    *(CPU, MEMORY, FILES, STARTED),
)
"""Everything that is told."""
FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via")
"""What a proxy says of whom it asks for."""
_BEGAN: Final = time.time()


@get("/metrics", media_type=MediaType.TEXT, tags=["Operation"])
async def metrics(request: Request[Any, Any, Any], host: Host, doorman: Doorman) -> Response[str]:
    """Counts, delays and the state of this process, in the text format of Prometheus.

    Whoever asks from this machine needs no key; everybody else a secret key of the organization
    `default` with the scope `read`.
    """
    if not _from_here(request, host):
        await _require_operator(request, doorman)
    standing = await host.db.read(alerts.states)
    told = [*_looked_at(host), *host.metrics.counted(), *_alerts(host, standing), *_process()]
    return Response(text(told), headers={"content-type": CONTENT_TYPE, "cache-control": "no-store"})


DOORS = [metrics]


# ---------------------------------------------------------------- who may


def _from_here(request: Request[Any, Any, Any], host: Host) -> bool:
    """Whether it comes from this machine itself, as far as that can be known.

    A proxy on this machine speaks for others: it is known by what it says of them, by the name
    that they used, or by the address that the settings name.
    """
    public = host.settings.public_url
    return (
        request.client is not None
        and is_loopback(as_page(request.client.host))
        and is_loopback(f"http://{request.headers.get('host', '')}")
        and (not public or is_loopback(public.rstrip("/")))
        and request.headers.get("origin") is None
        and not any(name in request.headers for name in FORWARDED)
    )


async def _require_operator(request: Request[Any, Any, Any], doorman: Doorman) -> None:
    """Refuses whoever does not run this server: it tells of all organizations."""
    host, now = doorman.host, doorman.host.clock()
    key = presented_key(request)
    caller = keys.digest(key) if key else None
    await doorman.asking.take(caller, request.client.host if request.client else "", now)
    with doorman.asking.learning(caller):
        principal = await host.db.read(keys.authenticate, key, now)
    principal.require("read")
    if principal.org_id != request.app.state.organization_id:
        raise DuologueError("key_wrong_org")
    await doorman.uses.note(principal)


# ---------------------------------------------------------------- what is told


def _looked_at(host: Host) -> list[tuple[Metric, Values]]:
    live = Counter((host.metrics.agent(each.guest.definition.slug),) for each in host.seats)
    report, reached = host.tracing.ledger.report, host.bell.reached
    onward = host.tracing.onward.reports if host.tracing.onward else []
    return [
        (INFO, {(__version__,): 1}),
        (LIVE, live),
        (RUNS, {(): host.live}),
        (LIMIT, {(): host.settings.max_sessions}),
        (DRAINING, {(): int(host.draining)}),
        (REDIS, {} if reached is None else {(): int(reached)}),
        (LEDGER, {(): report.pending}),
        (SENT, {(): report.sent}),
        (DROPPED, {(): report.dropped}),
        (STRIPPED, {(): report.stripped}),
        (TOLD, {(name,): each.sent for name, each in onward}),
        (UNTOLD, {(name,): each.dropped for name, each in onward}),
        (WAITING, {(name,): each.pending + each.spooled for name, each in onward}),
        (STORE, {(): host.db.waiting}),
    ]


def _alerts(host: Host, standing: dict[State, int]) -> list[tuple[Metric, Values]]:
    kinds = [each for each in get_args(EventKind) if each != "test"]
    results = ("delivered", "retried", "failed")
    return [
        (ALERTS, {(each,): standing.get(each, 0) for each in get_args(State)}),
        (ALERTED, {(each,): host.alerts.happened[each] for each in kinds}),
        (WEBHOOKS, {(each,): host.alerts.sent[each] for each in results}),
    ]


def _process() -> list[tuple[Metric, Values]]:
    used = os.times()
    known: list[tuple[Metric, Values]] = [
        (CPU, {(): used.user + used.system}),
        (STARTED, {(): _BEGAN}),
    ]
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
        known.append((MEMORY, {(): pages * resource.getpagesize()}))
        known.append((FILES, {(): len(os.listdir("/proc/self/fd"))}))
    except OSError:  # no Linux: then these two are not told
        pass
    return known
