"""The panel of the page at `/` that makes the tag for a site of one's own."""

from __future__ import annotations

from html import escape
from typing import Final

from duologue.console.view import TalkView

_COPY: Final = '<button type="button" class="copy" hidden>Copy</button>'
_PLACES: Final = (("bottom-right", "Right"), ("bottom-left", "Left"), ("page", "In the page"))
_MODES: Final = (("hybrid", "Voice and text"), ("voice", "Voice"), ("text", "Text"))
_SIZES: Final = (("compact", "Small"), ("regular", "Medium"), ("large", "Large"))
_THEMES: Final = (("auto", "Visitor's"), ("light", "Light"), ("dark", "Dark"))
_KEEPERS: Final = (("tag", "In the tag"), ("toml", "In duologue.toml"))


def on_your_site(view: TalkView) -> str:
    """The fields, the preview, and the lines to copy."""
    return (
        '<section id="site" aria-labelledby="site-heading">'
        '<h2 id="site-heading">On your own site</h2>'
        "<p>One script, one tag. Choose how it looks, and copy the two lines.</p>"
        f'<div class="made">{_form()}<div class="result">{_preview(view)}{_lines()}</div></div>'
        "</section>"
    )


def _form() -> str:
    return (
        '<form id="site-form" autocomplete="off">'
        f"{_key()}"
        f"{_group('place', 'Where', _PLACES)}"
        f"{_group('mode', 'How one talks', _MODES)}"
        f"{_group('size', 'Size', _SIZES)}"
        f"{_group('theme', 'Light or dark', _THEMES)}"
        '<div class="field" data-field="accent"><label for="accent">Accent</label>'
        '<span class="colour"><input type="color" id="accent" value="#c96a31">'
        '<button type="button" id="accent-none" class="plain">the house\'s own</button></span>'
        "</div>"
        f"{_text('title', 'Title', 'the name of the agent')}"
        f"{_text('startText', 'Button', 'Talk')}"
        '<div class="ticks">'
        f"{_tick('bubble', 'Greeting in a bubble')}"
        f"{_tick('feedback', 'Ask how it was')}"
        f"{_tick('recordNotice', 'Say that it is kept')}</div>"
        f"{_group('keeper', 'The look is written', _KEEPERS)}"
        "</form>"
    )


def _key() -> str:
    return (
        '<div class="field wide"><label for="site-origin">Your site</label>'
        '<span class="pair"><input type="url" id="site-origin" inputmode="url" spellcheck="false" '
        'placeholder="https://your.site" aria-describedby="site-said">'
        '<button type="button" id="site-make" class="quiet" disabled>Make its key</button></span>'
        '<p id="site-said" role="status"></p>'
        "<details><summary>I have a key, or make it on the server</summary>"
        f'<div class="code">{_COPY}<pre tabindex="0"><code id="site-command"></code></pre></div>'
        '<label for="site-key">Public key</label><input type="text" id="site-key" '
        'spellcheck="false" placeholder="dk_public_…"></details></div>'
    )


def _group(name: str, label: str, choices: tuple[tuple[str, str], ...]) -> str:
    each = "".join(
        f'<label><input type="radio" name="{name}" value="{value}"'
        f"{' checked' if place == 0 else ''}><span>{escape(text)}</span></label>"
        for place, (value, text) in enumerate(choices)
    )
    return (
        f'<fieldset class="field" data-field="{name}"><legend>{escape(label)}</legend>'
        f'<span class="segments">{each}</span></fieldset>'
    )


def _text(name: str, label: str, hint: str) -> str:
    return (
        f'<div class="field" data-field="{name}"><label for="site-{name}">{escape(label)}</label>'
        f'<input type="text" id="site-{name}" name="{name}" maxlength="60" '
        f'placeholder="{escape(hint)}"></div>'
    )


def _tick(name: str, label: str) -> str:
    return (
        f'<label data-field="{name}"><input type="checkbox" name="{name}">'
        f"<span>{escape(label)}</span></label>"
    )


def _preview(view: TalkView) -> str:
    """A site as it could be; the widget on it is the real one."""
    key = f' key="{escape(view.public_key)}"' if view.public_key else ""
    return (
        '<figure id="preview" aria-label="How it looks on a site"><div class="window">'
        "<span></span><span></span><span></span></div>"
        '<div class="page" aria-hidden="true"><i></i><i></i><i></i><i></i></div>'
        f'<duologue-widget id="preview-widget" agent="{escape(view.agents[0].slug)}"{key}>'
        "</duologue-widget></figure>"
    )


def _lines() -> str:
    return (
        f'<div class="code">{_COPY}<pre tabindex="0"><code id="site-tag"></code></pre></div>'
        '<div id="site-toml" hidden><h3>duologue.toml, at the server</h3>'
        f'<div class="code">{_COPY}<pre tabindex="0"><code id="site-toml-code"></code></pre></div>'
        "</div>"
    )
