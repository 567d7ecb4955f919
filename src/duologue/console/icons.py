"""The few signs of the pages, as inline SVG: no font and no picture is loaded for them."""

from __future__ import annotations

from typing import Final

FAVICON: Final = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E"
    "%3Ccircle cx='12' cy='16' r='10' fill='%23c2622b'/%3E"
    "%3Ccircle cx='21' cy='16' r='9' fill='%233f7f83' fill-opacity='.82'/%3E%3C/svg%3E"
)
"""Two voices, one leaning into the other."""

_PATHS: Final = {
    "talk": '<path d="M12 3.5a3 3 0 0 0-3 3V12a3 3 0 0 0 6 0V6.5a3 3 0 0 0-3-3Z"/>'
    '<path d="M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3"/>',
    "mute": '<path d="M12 3.5a3 3 0 0 0-3 3V12a3 3 0 0 0 6 0V6.5a3 3 0 0 0-3-3Z"/>'
    '<path d="M5.5 11.5a6.5 6.5 0 0 0 13 0M12 18v3"/><path class="slash" d="m4 4 16 16"/>',
    "interrupt": '<rect x="7" y="7" width="10" height="10" rx="2.2"/>',
    "end": '<path d="M2.8 15v-.8c0-1 .5-1.9 1.3-2.4C6.3 10.3 9 9.4 12 9.4s5.7.9 7.9 2.4'
    "c.8.5 1.3 1.4 1.3 2.4v.8c0 .7-.7 1.2-1.4 1l-3.3-1a1.2 1.2 0 0 1-.8-1.1v-1.3"
    'a12 12 0 0 0-7.4 0v1.3c0 .5-.3 1-.8 1.1l-3.3 1c-.7.2-1.4-.3-1.4-1Z"/>',
    "send": '<path d="M12 19V5.5M6 11.2l6-6 6 6"/>',
    "hear": '<path d="M4 9.5v5h3.5L12 18.5v-13L7.5 9.5H4Z"/>'
    '<path d="M15.5 9a4.2 4.2 0 0 1 0 6M18.2 6.5a7.8 7.8 0 0 1 0 11"/>',
}


def icon(name: str) -> str:
    """A sign of 24 by 24, in the colour of the text, that a screen reader passes over."""
    return (
        '<svg viewBox="0 0 24 24" width="24" height="24" fill="none" stroke="currentColor" '
        'stroke-width="1.7" stroke-linecap="round" stroke-linejoin="round" aria-hidden="true" '
        f'focusable="false">{_PATHS[name]}</svg>'
    )
