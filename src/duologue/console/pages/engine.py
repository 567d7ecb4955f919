"""How the console's pages are drawn: templates that escape all, and know of no missing value."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import version
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined

from duologue.console import files
from duologue.console.icons import FAVICON
from duologue.console.pages import words

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "font-src 'self'; connect-src 'self'; media-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing inline, nothing from elsewhere: what stands in a transcript can do nothing here."""
SCRIPT: Final = "console.js"
"""What moves on the pages; without it, where there is no Node.js, they can be read all the same."""
PLACES: Final = (
    ("list", "/console", "Conversations"),
    ("live", "/console/live", "Live"),
    ("overview", "/console/overview", "Overview"),
    ("agents", "/console/agents", "Agents"),
    ("visitors", "/console/visitors", "Visitors"),
    ("keys", "/console/keys", "Keys"),
)
"""What the bar leads to: a page's name, its address and its title."""


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
    made.globals.update(favicon=FAVICON, version=version("duologue"), places=PLACES)
    return made


def draw(template: str, **values: Any) -> str:
    """The page of that template."""
    made = _environment().get_template(f"{template}.html")
    return made.render(values, script=files.has(SCRIPT))


def policy(pictures: Sequence[str]) -> str:
    """The policy of a page that shows pictures from those places, too."""
    own = "img-src 'self' data:"
    return POLICY.replace(own, " ".join((own, *pictures)))
