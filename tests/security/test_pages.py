"""What pages may do with what somebody said, and how a site knows the script that it loads."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest
from tests.security.estate import OURS, Estate, estate

from duologue.console import files

# Litestar 2.25 warns of names that 2.20, which we also run on, has no others for.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
WEB = Path(__file__).parents[2] / "web" / "packages"
CONSOLE = Path(__file__).parents[2] / "src" / "duologue" / "console"
SOURCES = [
    each
    for each in WEB.rglob("src/**/*.ts*")
    if "node_modules" not in each.parts and each.suffix in (".ts", ".tsx")
]
MARKUP = re.compile(
    r"\b(?:innerHTML|outerHTML|insertAdjacentHTML|dangerouslySetInnerHTML|createContextualFragment"
    r"|parseFromString|document\.write|eval\(|new Function)"
)
"""What makes markup or code of text."""
OWN_PAGES = {f"{name}.ts: parseFromString" for name in ("drawer", "deeds", "follow")}
"""They read pages of the console itself, whose every value is escaped."""


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Estate]:
    """Two organizations on one server."""
    with estate(tmp_path_factory.mktemp("pages")) as made:
        yield made


def test_no_script_of_ours_makes_markup_or_code_of_text() -> None:
    """So what a visitor, a model or a tool says is shown as what it is: text."""
    assert len(SOURCES) > 50
    found = [f"{each.name}: {match[0]}" for each in SOURCES if (match := MARKUP.search(text(each)))]
    assert set(found) <= OWN_PAGES


def test_no_page_of_the_console_trusts_what_it_shows() -> None:
    """Every value of a template is escaped; what is markup is made by our own code alone."""
    templates = sorted((CONSOLE / "pages" / "templates").glob("*.html"))
    assert len(templates) > 20
    assert [each.name for each in templates if "autoescape" in text(each)] == []
    # Curves and lanes are drawn by us, of numbers.
    trusted = {m for each in templates for m in re.findall(r"\{\{([^}]*)\|\s*safe", text(each))}
    assert trusted == set()


def test_the_widgets_script_is_known_by_what_is_in_it(
    house: Estate, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The console tells its integrity, which is that of the bytes that are served."""
    (tmp_path / files.WIDGET).write_bytes(b"export {};\n")
    monkeypatch.setattr(files, "_FOLDER", tmp_path)
    served = house.ask("GET", "/duologue.js", None)
    digest = base64.b64encode(hashlib.sha384(served.content).digest()).decode()
    shown = house.guest(owner(house)).ask("GET", f"/console/agents/{OURS}").text
    assert f'integrity="sha384-{digest}" crossorigin="anonymous"' in unescape(shown)
    assert served.headers["access-control-allow-origin"] == "*"  # or no browser checks it
    (tmp_path / files.WIDGET).unlink()
    shown = house.guest(owner(house)).ask("GET", f"/console/agents/{OURS}").text
    assert "sha384-" not in shown


def owner(house: Estate) -> str:
    """The cookie of an owner of our organization."""
    from duologue.access import console
    from duologue.server.serve import now_ms

    link = house.house.unit(console.invite, house.house.org_id, "owner", "", now_ms())
    return house.house.unit(console.enter, link, now_ms())


def text(file: Path) -> str:
    """What is written in a file."""
    return file.read_text(encoding="utf-8")
