"""The talk page as HTML: every region is there from the start, and the script fills them."""

from __future__ import annotations

from html import escape
from typing import Final

import msgspec

from duologue.console.icons import FAVICON, icon
from duologue.console.snippets import open_the_page
from duologue.console.talk_next import what_next
from duologue.console.view import UNNAMED, TalkView

REBUILD: Final = "make web"
"""The command that builds the page's script."""


def draw(view: TalkView) -> str:
    """The page for one reader."""
    first = view.agents[0] if view.agents else None
    title = f"{first.name} · duologue" if first else "duologue"
    open_here = first is not None and view.built
    script = '<script type="module" src="/assets/talk.js"></script>' if open_here else ""
    return "".join(
        (
            _head(title),
            f"{script}</head><body>",
            _bar(),
            '<main id="main">',
            _talk(view) if open_here else _silent(view),
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
        '<link rel="stylesheet" href="/assets/talk.css">'
    )


def _bar() -> str:
    return (
        '<a class="skip" href="#main">Skip to the conversation</a>'
        '<header class="bar"><a class="mark" href="/" aria-label="duologue">'
        '<span class="two" aria-hidden="true"></span>duologue</a>'
        '<nav aria-label="This server"><a href="#next">Make it yours</a>'
        '<a href="/status">Status</a><a href="/v1/docs">API</a></nav></header>'
    )


def _talk(view: TalkView) -> str:
    """The live part: the scene, what one can do, and what was said."""
    return (
        '<section id="talk" data-layout="alone" data-mood="idle" aria-label="Conversation">'
        '<div id="scene"><div class="voices"><canvas id="voices" aria-hidden="true"></canvas>'
        f'</div><h1 id="name">{escape(view.agents[0].name)}</h1>'
        '<p id="state" role="status" aria-live="polite"></p><p id="detail"></p>'
        '<blockquote id="greeting" hidden></blockquote></div>'
        f"{_controls(view)}"
        '<div id="mend" hidden><strong id="mend-title"></strong><p id="mend-text"></p>'
        '<button type="button" id="mend-act" class="plain" hidden></button></div>'
        f"{_side()}</section>"
        '<div id="notices" role="status" aria-live="polite" aria-label="Notices"></div>'
        '<noscript><p class="note">Talking needs JavaScript. '
        '<a href="/status">The status page</a> does not.</p></noscript>'
    )


def _controls(view: TalkView) -> str:
    choice = ""
    if len(view.agents) > 1:
        each = "".join(
            f'<label><input type="radio" name="agent" value="{escape(one.slug)}"'
            f"{' checked' if place == 0 else ''}><span>{escape(one.name)}</span></label>"
            for place, one in enumerate(view.agents)
        )
        choice = f'<fieldset id="agents"><legend>Who answers</legend>{each}</fieldset>'
    return (
        '<div id="controls"><div id="actions">'
        f'<button type="button" id="talk-button" class="big">{icon("talk")}<span>Talk</span>'
        "</button>"
        f'<button type="button" id="resume" class="big" hidden>{icon("talk")}<span>Resume</span>'
        "</button>"
        '<button type="button" id="anew" class="quiet" hidden>New conversation</button>'
        '<button type="button" id="type-button" class="plain">or type instead</button>'
        f'<button type="button" id="hear" class="big" hidden>{icon("hear")}<span>Tap to hear</span>'
        "</button>"
        f'<button type="button" id="hold" class="big" hidden>{icon("talk")}'
        "<span>Hold to talk</span><kbd>space</kbd></button></div>"
        '<div id="buttons" role="group" aria-label="Call">'
        f"{_round('listen', 'talk', 'Speak', '')}"
        f"{_round('mute', 'mute', 'Mute', 'M')}"
        f"{_round('interrupt', 'interrupt', 'Interrupt', 'Esc')}"
        f"{_round('end', 'end', 'End', '')}</div>"
        '<label id="device" hidden><span>Microphone</span><select id="devices"></select></label>'
        f"{choice}</div>"
    )


def _round(name: str, sign: str, label: str, key: str) -> str:
    hint = f"<kbd>{key}</kbd>" if key else ""
    shortcut = f' aria-keyshortcuts="{"Escape" if key == "Esc" else key}"' if key else ""
    return (
        f'<button type="button" id="{name}" class="round" hidden{shortcut}>{icon(sign)}'
        f"<span>{label}</span>{hint}</button>"
    )


def _side() -> str:
    return (
        '<div id="side"><div id="scroll" tabindex="0" role="region" aria-label="What was said">'
        '<div id="log" role="log" aria-live="polite" aria-relevant="additions" '
        'aria-label="Transcript"></div><div id="pending" aria-hidden="true"></div></div>'
        '<button type="button" id="newest" hidden>Newest</button>'
        '<div id="begin" hidden><p id="begin-hint"></p><ul id="suggestions"></ul></div>'
        '<form id="composer"><label class="unseen" for="type-box">Type a message</label>'
        '<input id="type-box" type="text" autocomplete="off" enterkeyhint="send" '
        'placeholder="Type a message">'
        f'<button type="submit" id="send" aria-label="Send">{icon("send")}</button></form></div>'
    )


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
    text = msgspec.json.encode({"agents": view.agents, "publicKey": view.public_key}).decode()
    safe = text.replace("&", "\\u0026").replace("<", "\\u003c").replace(">", "\\u003e")
    return f'<script type="application/json" id="page-data">{safe}</script>'
