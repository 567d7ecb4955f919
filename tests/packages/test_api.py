"""The checked-in reports of what our npm packages offer."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests import web_api
from tests.web_api import PACKAGES, REPORTS, WEB, Api

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("name", REPORTS)
def test_the_report_is_what_the_code_says_now(name: str, node: str) -> None:
    """`make docs` would change nothing: whoever changes what others use sees it in the report."""
    assert (WEB.parent / name).read_text(encoding="utf-8") == REPORTS[name]()


@pytest.mark.parametrize("package", PACKAGES)
def test_everything_that_is_offered_says_what_it_is(package: str, node: str) -> None:
    """No name leaves a package without a sentence about it."""
    silent = [
        f"{way}: {name}"
        for way, api in web_api.declarations(package).items()
        for name, one in api.offered.items()
        if not one.words
    ]
    assert silent == []


def test_a_report_leaves_out_what_is_private_and_follows_every_name(tmp_path: Path) -> None:
    """Names are found through lists, stars, other names and imports; private members are gone."""
    (tmp_path / "index.d.ts").write_text(
        '/** A module. */\nimport type { Inner as Within } from "./inner.js";\n'
        'export { hand as wave } from "./inner.js";\nexport * from "./more.js";\n'
        'export type { Room } from "livekit-client";\n'
        "/** Outer. */\nexport declare class Outer {\n    /** Mine. */\n    private readonly it;\n"
        "    /** Yours: {. */\n    get within(): Within;\n}\nexport {};\n"
    )
    (tmp_path / "inner.d.ts").write_text(
        "/** Inner. */\nexport interface Inner {\n    readonly a: string;\n}\n"
        "export declare function hand(a: string): void;\n"
        "export declare function hand(a: number): void;\n"
    )
    (tmp_path / "more.d.ts").write_text(
        "/** More. */\nexport type More = Inner;\ntype Inner = 1;\n"
    )
    api = Api(tmp_path / "index.d.ts")
    assert api.offered.keys() == {"wave", "Outer", "More"}
    assert api.offered["wave"].text.count("hand") == 2
    assert api.offered["Outer"].words == "/** Outer. */"
    assert "it;" not in api.offered["Outer"].text
    assert "Mine" not in api.offered["Outer"].text
    assert "get within(): Within;" in api.offered["Outer"].text
    assert api.foreign == {"Room": "livekit-client"}
    assert sorted(name for name, _ in api.behind) == ["Inner", "Inner"]
