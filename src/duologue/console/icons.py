"""The sign of the pages, as inline SVG: no picture is loaded for it."""

from __future__ import annotations

from typing import Final

FAVICON: Final = (
    "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E"
    "%3Ccircle cx='12' cy='16' r='10' fill='%23c2622b'/%3E"
    "%3Ccircle cx='21' cy='16' r='9' fill='%233f7f83' fill-opacity='.82'/%3E%3C/svg%3E"
)
"""Two voices, one leaning into the other."""
