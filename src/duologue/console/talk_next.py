"""Below the conversation: how the reader gets one of their own."""

from __future__ import annotations

from html import escape

from duologue.console.snippets import OWN_AGENT
from duologue.console.view import TalkView

_COPY = '<button type="button" class="copy" hidden>Copy</button>'


def what_next(view: TalkView) -> str:
    """Your own agent, your own program."""
    return (
        '<section id="next"><h2>Make it yours</h2>'
        "<p>An agent of your own, and the other ways in.</p>"
        f'<div class="ways">{_own_agent()}{_own_program(view)}</div></section>'
    )


def _own_agent() -> str:
    return _way(
        "Your own agent, in ten lines",
        "A plain livekit.agents.Agent. Save it as <code>front_desk.py</code>, then "
        "<code>duologue dev front_desk.py</code>: it answers on this page.",
        OWN_AGENT,
    )


def _own_program(view: TalkView) -> str:
    socket = view.url.rstrip("/").replace("http", "ws", 1) + "/v1/agents/web/websocket"
    rows = (
        ("Layercode's SDK", "unmodified; its socket is", f"<code>{escape(socket)}</code>"),
        ("Your back end", "asks for sessions at", "<code>/v1/agents/web/authorize_session</code>"),
        ("What was said", "is read over REST:", '<a href="/v1/docs">the API</a>'),
        ("Who is here", "and how to connect:", '<a href="/status">status</a>'),
    )
    items = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{text} {where}</dd></div>" for name, text, where in rows
    )
    return (
        '<article class="way"><h3>From your own program</h3>'
        f"<p>Anything that speaks HTTP and WebSocket.</p><dl>{items}</dl></article>"
    )


def _way(title: str, note: str, text: str) -> str:
    return (
        f'<article class="way"><h3>{escape(title)}</h3><p>{note}</p>'
        f'<div class="code">{_COPY}<pre tabindex="0"><code>{escape(text)}</code></pre></div>'
        "</article>"
    )
