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
    "end": '<path d="M3.6 14.6c4.7-4.5 12.1-4.5 16.8 0l-2.3 2.7-3.5-1.6v-2.4a12 12 0 0'
    ' 0-5.2 0v2.4l-3.5 1.6-2.3-2.7Z"/>',
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
