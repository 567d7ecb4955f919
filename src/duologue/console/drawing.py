"""The status page as HTML: no script, nothing from anywhere else, every value escaped."""

from __future__ import annotations

from datetime import UTC, datetime
from html import escape
from importlib.resources import files
from typing import assert_never

from duologue.console.icons import FAVICON
from duologue.console.snippets import OWN_AGENT
from duologue.console.view import AgentView, SessionView, StatusView

_FOLDER = files("duologue.console")
STYLE = "".join(
    (_FOLDER / name).read_text(encoding="utf-8") for name in ("assets/house.css", "style.css")
)
PARTS = {"stt": "hears with", "llm": "thinks with", "tts": "speaks with", "realtime": "talks with"}


def draw(view: StatusView) -> str:
    """The page of a server that is up."""
    return "".join(
        (
            '<!doctype html><html lang="en"><head><meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>duologue · {escape(_address(view.url))}</title>",
            f'<link rel="icon" href="{FAVICON}"><style>{STYLE}</style></head><body>',
            _header(view),
            "<main>",
            _agents(view.agents),
            _sessions(view.sessions, view.now),
            _how(view),
            "</main>",
            _footer(view),
            "</body></html>",
        )
    )


def _header(view: StatusView) -> str:
    calls = "1 live call" if view.live == 1 else f"{view.live} live calls"
    mode = "development: this machine needs no key" if view.mode == "dev" else "callers need a key"
    full = view.live >= view.limit
    health = '<li class="pill busy">full</li>' if full else '<li class="pill good">ready</li>'
    return (
        '<header><p class="back"><a href="/">Talk to an agent</a></p>'
        "<h1>duologue<span>.</span></h1>"
        '<p class="lead">A conversation between two: your agents listen, answer and remember here. '
        "Drop the line, come back, and the conversation goes on.</p>"
        f'<ul class="facts">{health}'
        f'<li class="pill">{calls} of at most {view.limit}</li>'
        f'<li class="pill">{mode}</li></ul></header>'
    )


def _agents(agents: list[AgentView]) -> str:
    head = "<section><h2>Who answers</h2>"
    if not agents:
        return (
            f'{head}<div class="empty"><strong>Nobody yet</strong>Start with the demo agents: '
            "<code>duologue agents publish demo</code></div></section>"
        )
    drafts = any(not each.published for each in agents)
    note = (
        "A draft takes no calls until you publish it: <code>duologue agents publish NAME</code>"
        if drafts
        else "All of them take calls."
    )
    cards = "".join(_agent(each) for each in agents)
    return f'{head}<p>{note}</p><div class="cards">{cards}</div></section>'


def _agent(agent: AgentView) -> str:
    state = (
        '<span class="pill good">published</span>'
        if agent.published
        else '<span class="pill busy">draft</span>'
    )
    trigger = '<span class="pill">push to talk</span>' if agent.push_to_talk else ""
    greeting = f"<blockquote>{escape(agent.greeting)}</blockquote>" if agent.greeting else ""
    named = [(PARTS[part], model) for part, model in agent.models.items()]
    if not named:
        named = [("models", "by the keys at hand, else offline voices")]
    rows = named if agent.source is None else [*named, ("from", agent.source)]
    facts = "".join(f"<dt>{escape(name)}</dt><dd>{escape(text)}</dd>" for name, text in rows)
    return (
        f'<article class="card"><div class="who"><div class="face" aria-hidden="true">'
        f"{escape(agent.name[:1].upper())}</div><div><h3>{escape(agent.name)}</h3>"
        f"<code>{escape(agent.slug)}</code></div></div>"
        f'{greeting}<div class="tags">{state}{trigger}</div><dl>{facts}</dl></article>'
    )


def _sessions(sessions: list[SessionView] | None, now: int) -> str:
    head = "<section><h2>Last sessions</h2>"
    if sessions is None:
        return (
            f'{head}<div class="empty"><strong>Not shown in public</strong>'
            "On the server: <code>duologue conversations list</code></div></section>"
        )
    if not sessions:
        return (
            f'{head}<div class="empty"><strong>It is quiet</strong>'
            "The first call will stand here.</div></section>"
        )
    rows = "".join(_session(each, now) for each in sessions)
    return (
        f"{head}<p>Each line is one client's attachment to a conversation, newest first.</p>"
        '<div class="scroll"><table><thead><tr><th>Agent</th><th>State</th><th>Began</th>'
        '<th>Road</th><th class="number">Attached</th></tr></thead>'
        f"<tbody>{rows}</tbody></table></div></section>"
    )


def _session(session: SessionView, now: int) -> str:
    at = datetime.fromtimestamp(session.at / 1000, UTC)
    began = f'datetime="{at:%Y-%m-%dT%H:%M:%SZ}" title="{at:%Y-%m-%d %H:%M} UTC"'
    return (
        f'<tr><td class="name">{escape(session.agent)}</td>'
        f'<td class="state">{_state(session)}</td>'
        f'<td class="when"><time {began}>{ago(now - session.at)}</time></td>'
        f'<td class="road">{escape(session.transport)}</td>'
        f'<td class="number">{duration(session.milliseconds)}</td></tr>'
    )


def _state(session: SessionView) -> str:
    if session.state == "live":
        return '<span class="pill good">live</span>'
    if session.state == "detached":
        return '<span class="pill busy">waiting for its caller</span>'
    reason = f": {session.reason}" if session.reason else ""
    return f'<span class="pill">{escape(session.state + reason.replace("_", " "))}</span>'


def _how(view: StatusView) -> str:
    slug = view.agents[0].slug if view.agents else "demo"
    url = view.url.rstrip("/")
    socket = url.replace("http", "ws", 1) + "/v1/agents/web/websocket"
    authorize = f"{url}/v1/agents/web/authorize_session"
    match view.mode:
        case "dev":
            bearer, key = "", ""
        case "serve":
            bearer = " \\\n  -H 'Authorization: Bearer dk_secret_…'"
            key = "Make a key first: <code>duologue keys create --kind secret</code>"
        case _:
            assert_never(view.mode)
    sdk = (
        'import LayercodeClient from "@layercode/js-sdk";\n\n'
        "const client = new LayercodeClient({\n"
        f'  agentId: "{slug}",\n'
        f'  authorizeSessionEndpoint: "{authorize if not bearer else "/api/authorize"}",\n'
        "  enableVAD: false,  // the server hears by itself\n"
        "});\n"
        f'client._websocketUrl = "{socket}";\n'
        "await client.connect();"
    )
    curl = (
        f"curl {authorize}{bearer} \\\n  -H 'Content-Type: application/json' \\\n"
        f'  -d \'{{"agent_id": "{slug}"}}\''
    )
    proxy = (
        "Your own back end asks this server for the session, with the key."
        if bearer
        else "The SDK as it comes from its registry; only the two addresses are yours."
    )
    return (
        "<section><h2>How to connect</h2><p>With Layercode's own SDK, unmodified, or with anything "
        f"that speaks HTTP and WebSocket. {key}</p>"
        '<div class="how">'
        + _snippet("From a page", proxy, sdk)
        + _snippet("From a shell", "The answer holds the key of one socket.", curl)
        + _snippet("Your own agent", "Save it, then: duologue dev front_desk.py", OWN_AGENT)
        + "</div></section>"
    )


def _snippet(title: str, note: str, text: str) -> str:
    return (
        f'<div class="card"><h3>{escape(title)}</h3><p>{escape(note)}</p>'
        f'<pre tabindex="0"><code>{escape(text)}</code></pre></div>'
    )


def _footer(view: StatusView) -> str:
    return (
        f"<footer><span>duologue {escape(view.version)}</span>"
        '<a href="/">Talk</a><a href="/v1/docs">REST interface</a><a href="/health">Health</a>'
        '<a href="/ready">Readiness</a></footer>'
    )


def _address(url: str) -> str:
    return url.partition("://")[2]


def ago(milliseconds: int) -> str:
    """How long ago, in the largest whole unit."""
    seconds = max(0, milliseconds // 1000)
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            number = seconds // size
            return f"{number} {unit}{'' if number == 1 else 's'} ago"
    return "just now"


def duration(milliseconds: int) -> str:
    """How long a client was attached."""
    minutes, seconds = divmod(milliseconds // 1000, 60)
    return f"{minutes}:{seconds:02d}"
