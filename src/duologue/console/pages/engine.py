"""How the console's pages are drawn: templates that escape all, and know of no missing value."""

from __future__ import annotations

from functools import lru_cache
from importlib.metadata import version
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from duologue.console.icons import FAVICON
from duologue.console.pages import words

POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self' data:; font-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""No script, no style of its own: what stands in a transcript can do nothing here."""


@lru_cache(maxsize=1)
def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("duologue.console.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
    )
    made.filters.update(words.FILTERS)
    made.globals.update(favicon=FAVICON, version=version("duologue"))
    return made


def draw(template: str, **values: Any) -> str:
    """The page of that template."""
    return _environment().get_template(f"{template}.html").render(values)
