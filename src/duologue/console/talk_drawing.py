"""The page at `/` as HTML: the widget embedded, and how to get it on a site of one's own."""

from __future__ import annotations

from html import escape
from typing import Final

import msgspec

from duologue.console.icons import FAVICON
from duologue.console.site import on_your_site
from duologue.console.snippets import open_the_page
from duologue.console.talk_next import what_next
from duologue.console.view import UNNAMED, TalkView

REBUILD: Final = "make web"
"""The command that builds the page's script."""
_SCRIPTS: Final = (
    '<script async src="/duologue.js"></script>'
    '<script type="module" src="/assets/talk.js"></script>'
)


def draw(view: TalkView) -> str:
    """The page for one reader."""
    first = view.agents[0] if view.agents else None
    title = f"{first.name} · duologue" if first else "duologue"
    open_here = first is not None and view.built
    script = _SCRIPTS if open_here else ""
    return "".join(
        (
            _head(title),
            f"{script}</head><body>",
            _bar(view),
            '<main id="main">',
            _talk(view) if open_here else _silent(view),
            on_your_site(view) if open_here else "",
            what_next(view),
            "</main>",
            _footer(view),
            _data(view) if open_here else "",
            "</body></html>",
        )
    )


def _head(title: str) -> str:
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1, '
        'interactive-widget=resizes-content">'
        '<meta name="theme-color" content="#faf8f4" media="(prefers-color-scheme: light)">'
        '<meta name="theme-color" content="#16140f" media="(prefers-color-scheme: dark)">'
        f"<title>{escape(title)}</title>"
        '<meta name="description" content="Talk with an agent of this server, by voice or typed.">'
        f'<link rel="icon" href="{FAVICON}">'
        '<link rel="stylesheet" href="/assets/house.css">'
        '<link rel="stylesheet" href="/assets/bar.css">'
        '<link rel="stylesheet" href="/assets/talk.css">'
    )


def _bar(view: TalkView) -> str:
    """Whoever develops here finds what was said in the console; callers of `serve` have none."""
    seen = '<a href="/console">Console</a>' if view.mode == "dev" and not view.closed else ""
    return (
        '<a class="skip" href="#main">Skip to the conversation</a>'
        '<header class="bar"><a class="mark" href="/" aria-label="duologue">'
        '<span class="two" aria-hidden="true"></span>duologue</a>'
        f'<nav aria-label="This server">{seen}<a href="#site">On your site</a>'
        '<a href="/status">Status</a><a href="/v1/docs">API</a></nav></header>'
    )


def _talk(view: TalkView) -> str:
    """The agent, by the very widget that other sites embed; above it who else may answer."""
    key = f' key="{escape(view.public_key)}"' if view.public_key else ""
    return (
        '<section id="talk" aria-labelledby="talk-title">'
        f'<h1 id="talk-title" class="unseen">{_heading(view)}</h1>'
        f"{_choice(view)}"
        f'<duologue-widget id="widget" agent="{escape(view.agents[0].slug)}"{key} '
        'experience-mode="EMBEDDED"></duologue-widget></section>'
        '<noscript><p class="note">Talking needs JavaScript. '
        '<a href="/status">The status page</a> does not.</p></noscript>'
    )


def _heading(view: TalkView) -> str:
    """Where several may answer, whoever chooses among them is not told a name."""
    return f"Talk with {escape(view.agents[0].name)}" if len(view.agents) == 1 else "Talk"


def _choice(view: TalkView) -> str:
    if len(view.agents) < 2:
        return ""
    each = "".join(
        f'<label><input type="radio" name="agent" value="{escape(one.slug)}"'
        f"{' checked' if place == 0 else ''}><span>{escape(one.name)}</span></label>"
        for place, one in enumerate(view.agents)
    )
    return f'<fieldset id="agents"><legend>Who answers</legend>{each}</fieldset>'


def _silent(view: TalkView) -> str:
    """In place of the conversation: why there is none, and the commands that change that."""
    if view.closed:
        return _closed(view)
    if not view.agents:
        return _still(
            "Nobody to talk to yet",
            "No agent of this server is published.",
            [_publish(view.named)],
        )
    return _still(
        "One step is missing",
        "The script of this page was not built. It needs Node.js 20 or newer, once; "
        "then load this page again.",
        [REBUILD],
    )


def _closed(view: TalkView) -> str:
    """The words of `serve` without a key for its page; in `dev` to who is not at the machine."""
    first = [_publish(view.named)] if view.named == UNNAMED else []
    return _still(
        "This line is closed",
        "Whoever runs this server can open the page for one agent: with a public key of its "
        "own, then with that key in the server's settings.",
        [*first, *open_the_page(view.named, view.url)],
    )


def _publish(slug: str) -> str:
    return f"duologue agents publish {slug}"


def _still(title: str, text: str, commands: list[str]) -> str:
    lines = "".join(f'<pre tabindex="0"><code>{escape(one)}</code></pre>' for one in commands)
    return (
        '<section id="still"><div class="still" aria-hidden="true"><i></i><i></i></div>'
        f"<h1>{escape(title)}</h1><p>{escape(text)}</p>{lines}</section>"
    )


def _footer(view: TalkView) -> str:
    return (
        f'<footer><span>duologue {escape(view.version)}</span><a href="/status">Status</a>'
        '<a href="/v1/docs">REST interface</a><a href="/health">Health</a></footer>'
    )


def _data(view: TalkView) -> str:
    """What the script must know, as JSON that no value can break out of."""
    data = {"agents": view.agents, "publicKey": view.public_key, "url": view.url}
    text = msgspec.json.encode(data).decode()
    safe = text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    return f'<script type="application/json" id="page-data">{safe}</script>'
