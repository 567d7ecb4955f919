"""The page of the owners' API: the OpenAPI document, drawn by the console."""

from __future__ import annotations

from typing import Any

from litestar import Request
from litestar.openapi.plugins import OpenAPIRenderPlugin

from duologue.console import reference


class Reference(OpenAPIRenderPlugin):
    """Draws the document itself: the well-known viewers load their program from elsewhere."""

    def __init__(self) -> None:
        super().__init__(path="/")

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """The page."""
        return reference.draw(openapi_schema).encode()
