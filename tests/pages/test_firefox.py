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
from tests.pages.tab import WIDGET
from tests.serving import House

pytestmark = pytest.mark.firefox

WORDS = "Are you there?"
READY = f"{WIDGET}?.querySelector('.state')?.textContent === 'Ready when you are'"
ROWS = f"""[...{WIDGET}.querySelectorAll('.said:not([data-moving])')].map(
  one => [one.dataset.role, one.querySelector('.words').textContent])"""
"""Who said what, as far as it is whole."""
STILL = f"{WIDGET}.querySelector('.voices').getAnimations().length === 0"
BOX = f"{WIDGET}.querySelector('.box')"


def button(name: str) -> str:
    """A button of the call, as an expression."""
    return f"{WIDGET}.querySelector('[data-button={name}]')"


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
        page.wait(READY, "the widget")
        page.click(BOX)
        page.type(WORDS + ENTER)
        page.wait(f"{ROWS}.some(one => one[0] === 'user')", "what was typed")
        # Where there is no loudspeaker, Firefox keeps the sound back, and the page says so.
        page.wait(f"{ROWS}.at(-1)[0] === 'agent' && {ROWS}.at(-2)?.[0] === 'user'", "an answer")
        assert page.run(f"{BOX} === {WIDGET}.activeElement"), "whoever typed types on"
        rows = page.run(ROWS)
        page.wait(STILL, "the buttons to stand still")
        page.click(button("end"))
        page.wait(f"{button('resume')}.checkVisibility()", "the end")
        assert [text for role, text in rows if role == "user"] == [WORDS]
        assert rows[-1][1].strip()
        assert page.console == []
