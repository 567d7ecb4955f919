"""Every setting of the server, in one typed struct; `duologue.toml` and `DUOLOGUE_*` fill it."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from difflib import get_close_matches
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, get_type_hints
from urllib.parse import unquote, urlsplit

import msgspec

from duologue.errors import DuologueError

Positive = Annotated[float, msgspec.Meta(gt=0)]
Count = Annotated[int, msgspec.Meta(ge=1)]
NotNegative = Annotated[float, msgspec.Meta(ge=0)]


class Price(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a model costs, in the owner's currency; what is not said is not known."""

    input: NotNegative | None = None
    """A million tokens that it reads."""
    cached_input: NotNegative | None = None
    """A million of those that its provider had read before; unsaid, they cost like the others."""
    output: NotNegative | None = None
    """A million tokens that it writes."""
    minute: NotNegative | None = None
    """A minute of sound that it listens to, or of a session with it."""
    characters: NotNegative | None = None
    """A million characters that it speaks."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What an operator may choose; the defaults suit one person on one machine."""

    host: str = "127.0.0.1"
    """The address to listen on."""
    port: Annotated[int, msgspec.Meta(ge=0, le=65535)] = 8787
    """The port to listen on; 0 lets the system choose."""
    data: str = ".duologue"
    """The folder of the database and the recordings; made on first start."""
    database_url: str = ""
    """A `postgresql://` address; empty means SQLite in the data folder."""
    redis_url: str = ""
    """A `redis://` address, by which several processes on one PostgreSQL database reach each other;
    empty means that this process is the only one."""
    peer_host: str = "127.0.0.1"
    """The address of this machine by which processes on other machines reach it, in the private
    network that they share; only used with `redis_url`."""
    public_url: str = ""
    """How clients reach this server from outside, when a proxy stands before it; empty believes
    the proxy's `X-Forwarded-Proto` and `X-Forwarded-Host`, and `Host` where it sends none."""
    trusted_proxies: str = "127.0.0.1, ::1"
    """The proxies that are believed about whose request they pass on (`X-Forwarded-For`): addresses
    and networks with commas between them. To all others, whoever connects is the one who asks."""
    talk_key: str = ""
    """A public key with which the page at `/` talks; empty leaves it closed in `serve`."""
    log_format: Literal["auto", "console", "json"] = "auto"
    """`auto` is for people on a terminal and JSON otherwise."""
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    """The least serious line that is logged."""
    max_sessions: Count = 40
    """Live sessions in this process; one more is refused with 503."""
    workers: Count = 1
    """How many processes `serve` runs on its port; more than one need PostgreSQL and Redis."""
    drain_seconds: NotNegative = 10.0
    """How long a server that is asked to end waits for the turns that are under way."""
    organization_sessions: Annotated[int, msgspec.Meta(ge=0)] = 0
    """Conversations at once of one organization, in all processes; one more is refused with 429. 0
    sets no limit."""
    livekit_url: str = ""
    """The LiveKit whose rooms agents go into, as clients reach it (`wss://…`); empty means none."""
    livekit_api_key: str = ""
    """The API key of that LiveKit."""
    livekit_api_secret: str = ""
    """Its secret: signs tokens and claims, and is never shown."""
    token_seconds: Annotated[float, msgspec.Meta(ge=60, le=86400)] = 900.0
    """How long a room's token lets its holder join."""
    grace_seconds: Positive = 30.0
    """How long a dropped session's agent waits for its caller."""
    resume_seconds: Positive = 300.0
    """How long a browser may resume a conversation after it left."""
    session_key_seconds: Positive = 3600.0
    """How long a session key opens a socket."""
    session_minutes: Positive = 60.0
    """The longest session, unless its agent says otherwise."""
    price_per_minute: Annotated[float, msgspec.Meta(ge=0)] = 0.0
    """Credit taken for a minute of a session; organizations without a balance pay nothing."""
    authorize_per_minute: Count = 6000
    """Authorize requests a minute from one key, and as many others; more are refused with 429."""
    visit_megabytes: Annotated[int, msgspec.Meta(ge=10)] = 200
    """Megabytes that trackers may tell with one key in a day; more is refused with 429."""
    visitor_days: Count = 90
    """How many days what a tracker told of visitors is kept; what is older is deleted."""
    conversation_days: Annotated[int, msgspec.Meta(ge=0)] = 0
    """How many days conversations are kept after they were last used, with their words, traces and
    recordings; 0 keeps them until somebody deletes them."""
    trace: Literal["on", "off", "metadata"] = "on"
    """Whether each run's turns and steps are kept; `metadata` keeps times and counts, no words."""
    trace_otlp: str = ""
    """Where runs are told of as well, by OpenTelemetry's OTLP over HTTP: an address, to which
    `/v1/traces` and `/v1/logs` are added. Empty means nowhere."""
    trace_otlp_headers: str = ""
    """What goes along, such as a vendor's key: `name=value`, with commas between several, as in
    `OTEL_EXPORTER_OTLP_HEADERS`. Never shown."""
    trace_otlp_words: bool = False
    """Whether what was said goes there, too; otherwise times, counts and names do."""
    trace_otlp_logs: bool = True
    """Whether turns, runs and log lines go there as log events; `false` for a vendor that reads
    spans only."""
    trace_lines: str = ""
    """A file to which runs are added as lines of JSON, with what was said; empty means none."""
    recordings_bucket: str = ""
    """Where recordings go once they are whole: `s3://bucket` or `s3://bucket/folder`, of S3 or what
    speaks its language; `AWS_ACCESS_KEY_ID` and the like say who may. Empty leaves them in the data
    folder."""
    trace_days: Count = 90
    """How many days traces are kept, with their recordings; what is older is deleted."""
    trace_megabytes: Annotated[int, msgspec.Meta(ge=0)] = 0
    """How much the traces and recordings of one agent may take before its oldest are deleted; 0
    sets no limit."""
    webhook_secret: Annotated[str, msgspec.Meta(pattern=r"\A(.{16,})?\Z")] = ""
    """What webhooks are signed with, at least 16 letters: the secrets of alerts and of agents' back
    ends are made of it; empty sends them unsigned."""
    allow_private_webhooks: bool = False
    """Whether webhooks may lead to this machine and private networks, and over plain HTTP."""
    prices: dict[str, Price] = {}
    """What models cost, over the table that comes along: `[prices."openai/gpt-4o-mini"]`, with
    `input`, `cached_input`, `output` (a million tokens), `minute`, `characters` (a million)."""
    agents: dict[str, dict[str, Any]] = {}
    """Agents defined by a table each: `[agents.front-desk]`; a table with nothing but `widget`,
    `trace_days`, `trace_megabytes` and `conversation_days` says how an agent looks, and how long
    and how much of it is kept, that a file or another program defines."""

    @property
    def database(self) -> str:
        """The address of the database that these settings mean."""
        return self.database_url or f"sqlite:///{Path(self.data) / 'duologue.db'}"

    @property
    def recordings(self) -> Path:
        """The folder in which the recordings lie."""
        return Path(self.data) / "recordings"


def load(file: Path | None, environment: Mapping[str, str], **given: object) -> Settings:
    """Settings from the file, over it the environment, over it what was given by name."""
    values: dict[str, object] = {}
    if file is not None:
        values.update(_read(file))
    values.update(_from_environment(environment))
    values.update({name: value for name, value in given.items() if value is not None})
    for name in values:
        if name not in Settings.__struct_fields__:
            raise _unknown(name, list(Settings.__struct_fields__))
    try:
        settings = msgspec.convert(values, Settings)
    except msgspec.ValidationError as error:
        raise _invalid(_path_in(error), values, error) from None
    _check_livekit(settings)
    _check_trace(settings)
    proxies(settings)
    return settings


def proxies(settings: Settings) -> list[str]:
    """The addresses and networks of `trusted_proxies`, if that is what they are."""
    found = [each.strip() for each in settings.trusted_proxies.split(",") if each.strip()]
    for each in found:
        try:
            ip_network(each)
        except ValueError as error:
            raise DuologueError("setting_invalid", name="trusted_proxies", reason=error) from None
    return found


def otlp_headers(settings: Settings) -> dict[str, str]:
    """The headers of `trace_otlp_headers`, if that is what they are."""
    found = {}
    for each in filter(str.strip, settings.trace_otlp_headers.split(",")):
        name, _, value = (part.strip() for part in each.partition("="))
        found[name] = unquote(value)
        if not _HEADER.fullmatch(name) or not _VALUE.fullmatch(found[name]):
            reason = "it must be name=value, with commas between several; %2C is one in a value"
            raise DuologueError("setting_invalid", name="trace_otlp_headers", reason=reason)
    return found


def _check_trace(settings: Settings) -> None:
    """Refuses an address that no trace can go to, and what goes along with none."""
    url, name, reason = settings.trace_otlp, "trace_otlp", ""
    try:
        parts = urlsplit(url)
        wrong = parts.scheme not in ("http", "https") or not parts.hostname or parts.port == 0
    except ValueError:
        wrong = True
    headers = otlp_headers(settings)
    if settings.trace == "off" and (url or settings.trace_lines):
        name, reason = "trace", "off leaves nothing for trace_otlp and trace_lines; try metadata"
    elif headers and not url:
        name, reason = "trace_otlp_headers", "they go along to trace_otlp, which is empty"
    elif "@" in url or "?" in url or "#" in url:
        reason = "no name, password, ? or # may be in it; keys belong into trace_otlp_headers"
    elif url and (wrong or re.search(r"\s", url)):
        reason = f"it must be an http:// or https:// address, not {url!r}"
    elif url.rstrip("/").endswith(("/v1/traces", "/v1/logs")):
        reason = f"/v1/traces and /v1/logs are added to it, so leave that out of {url!r}"
    if reason:
        raise DuologueError("setting_invalid", name=name, reason=reason)


def _check_livekit(settings: Settings) -> None:
    """Refuses a LiveKit of which only a part is known, and an address that is none."""
    values = {name: getattr(settings, name) for name in LIVEKIT}
    missing = [name for name, value in values.items() if not value]
    if missing and len(missing) < len(LIVEKIT):
        reason = f"it is empty; a LiveKit needs {', '.join(LIVEKIT[:-1])} and {LIVEKIT[-1]}"
        raise DuologueError("setting_invalid", name=missing[0], reason=reason)
    url = settings.livekit_url
    if url and not url.startswith(("ws://", "wss://", "http://", "https://")):
        reason = f"it must begin with ws:// or wss://, not {url!r}"
        raise DuologueError("setting_invalid", name="livekit_url", reason=reason)


def _read(file: Path) -> dict[str, object]:
    try:
        return tomllib.loads(file.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DuologueError("file_invalid", path=str(file), reason=error) from None


def _from_environment(environment: Mapping[str, str]) -> dict[str, object]:
    hints = get_type_hints(Settings, include_extras=True)
    values: dict[str, object] = {}
    for name, text in environment.items():
        field = name.removeprefix(PREFIX).lower()
        if not name.startswith(PREFIX) or field in NOT_SETTINGS:
            continue
        if field not in hints or field in TABLES:
            raise _unknown(name, [PREFIX + each.upper() for each in hints if each not in TABLES])
        try:
            values[field] = msgspec.convert(text, hints[field], strict=False)
        except msgspec.ValidationError as error:
            raise _invalid(name, {name: text}, error) from None
    # As all of LiveKit's own tools are told of it.
    for name in LIVEKIT:
        if given := environment.get(name.upper()):
            values.setdefault(name, given)
    return values


PREFIX = "DUOLOGUE_"
LIVEKIT = ("livekit_url", "livekit_api_key", "livekit_api_secret")
TABLES = ("agents", "prices")
"""What only a file can say."""
_HEADER = re.compile(r"[\w!#$%&'*+.^`|~-]+", re.ASCII)
_VALUE = re.compile(r"[!-~](?:[ -~]*[!-~])?")
NOT_SETTINGS = frozenset({"secret", "test_require", "reload_child", "serve_child"})
"""`DUOLOGUE_…` names that mean something else than a setting."""
SECRET = ("database_url", "redis_url", "headers", "secret")
"""How the settings end whose values are never shown."""


def _unknown(name: str, known: list[str]) -> DuologueError:
    """The error of a name that is no setting, with the one that was probably meant."""
    close = get_close_matches(name, known, n=1, cutoff=0.75)
    hint = f"; did you mean {close[0]}" if close else f". Settings: {', '.join(known)}"
    return DuologueError("setting_invalid", name=name, reason=f"there is no such setting{hint}")


def _invalid(name: str, values: Mapping[str, object], error: Exception) -> DuologueError:
    """The error of a value that a setting cannot have, with that value unless it may be secret."""
    reason, _, _ = str(error).partition(" - at `")
    reason = reason[0].lower() + reason[1:]
    if name in values and not name.lower().endswith(SECRET):
        reason += f", not {values[name]!r}"
    return DuologueError("setting_invalid", name=name, reason=reason)


def _path_in(error: msgspec.ValidationError) -> str:
    """The field that a validation error names, as the operator wrote it."""
    return str(error).partition("$.")[2].rstrip("`")
