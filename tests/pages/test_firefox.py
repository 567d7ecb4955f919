"""The talk page in Firefox: it loads, a typed message is answered, and its console stays empty."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.conformance.browser import E2E
from tests.groups import INSTALL
from tests.pages.conftest import STAGE
from tests.pages.firefox import ENTER, Firefox
from tests.serving import House

pytestmark = pytest.mark.firefox

WORDS = "Are you there?"
GREETED = """['Your turn', 'Sound is held back'].includes(
  document.querySelector('#state').textContent) && document.querySelector('.said') !== null"""
ROWS = """[...document.querySelectorAll('.said:not([data-moving])')].map(
  one => [one.dataset.role, one.querySelector('.words').textContent])"""
"""Who said what, as far as it is whole."""
STILL = "document.querySelector('#controls').getAnimations().length === 0"


@pytest.fixture(scope="module")
def firefox() -> str:
    """The path of Firefox; without it, or Node.js, the test is skipped by name, or fails in CI."""
    lacking = [name for name in ("firefox-esr", "node") if shutil.which(name) is None]
    if lacking:
        how = "; ".join(f"{name}: {INSTALL[name]}" for name in lacking)
        if os.environ.get("DUOLOGUE_TEST_REQUIRE") == "all":
            pytest.fail(f"the Firefox test needs {how}", pytrace=False)
        pytest.skip(f"the Firefox test needs {how}")
    return str(shutil.which("firefox-esr"))


@pytest.fixture(scope="module")
def parrot(firefox: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """`duologue dev` with an agent that answers at once, and its page built from the tree."""
    command = ["npm", "--prefix", str(E2E.parent), "run", "build", "--workspaces", "--if-present"]
    subprocess.run(command, check=True, timeout=180, capture_output=True)
    folder = tmp_path_factory.mktemp("parrot")
    alone = Path(shutil.copy(STAGE, folder))
    with House(folder / "data", alone, mode="dev") as running:
        yield running


def test_a_typed_message_is_answered_in_firefox(
    firefox: str, parrot: House, tmp_path: Path
) -> None:
    """An unmodified Firefox shows what was typed once, and the answer below it, and hangs up."""
    with Firefox(firefox, tmp_path) as page:
        page.open(f"{parrot.url}/")
        page.click("#type-button")
        # Where there is no loudspeaker, Firefox keeps the sound back, and the page says so.
        page.wait(GREETED, "the greeting")
        assert page.run("document.activeElement.id") == "type-box"
        page.click("#type-box")
        page.type(WORDS + ENTER)
        page.wait(f"{ROWS}.some(one => one[0] === 'user')", "what was typed")
        page.wait(f"{ROWS}.at(-1)[0] === 'agent' && {ROWS}.at(-2)?.[0] === 'user'", "an answer")
        rows = page.run(ROWS)
        page.wait(STILL, "the buttons to stand still")
        page.click("#end")
        page.wait("document.querySelector('#resume').checkVisibility()", "the end")
        assert [text for role, text in rows if role == "user"] == [WORDS]
        assert rows[-1][1].strip()
        assert page.console == []
