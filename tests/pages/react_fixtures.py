"""What the tests of React's pages share: pages built once a run, a server, and tabs."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
from tests.conformance.browser import E2E, Browser
from tests.once import once
from tests.pages.react_site import ReactSite
from tests.pages.react_tab import Ledger, ReactTab
from tests.serving import House

from duologue.testing.speech import Recording

AGENTS = Path(__file__).with_name("react_agents.py")
EXAMPLE = E2E.parent / "examples" / "pages"
DOCUMENTED = "parrot"
"""Stands for the document's `agt_abc123`."""


def bundle(folder: Path, react: str) -> None:
    """Builds the pages with one version of React."""
    command = ["node", "react.mjs", str(folder), react, DOCUMENTED]
    subprocess.run(command, cwd=E2E, check=True, timeout=180, capture_output=True)


def example(folder: Path) -> None:
    """Builds the site of several pages, as its reader does."""
    command = ["npx", "vite", "build", "--outDir", str(folder), "--emptyOutDir", "--logLevel=warn"]
    subprocess.run(command, cwd=EXAMPLE, check=True, timeout=180, capture_output=True)


def made(factory: pytest.TempPathFactory, name: str, work: Callable[[Path], None]) -> Path:
    """A folder that the first process of this run fills."""
    folder = factory.getbasetemp().parent / f"made-{name}"
    once(factory, f"made-{name}", lambda: work(folder))
    return folder


@pytest.fixture(scope="session")
def shop(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """`duologue dev` with the agents of react_agents.py."""
    folder = tmp_path_factory.mktemp("shop")
    # `dev` starts anew whenever a file beside the agents' is saved, as somebody here may do.
    alone = Path(shutil.copy(AGENTS, folder))
    with House(folder / "data", alone, mode="dev") as running:
        yield running


@pytest.fixture
def ledger(shop: House) -> Ledger:
    """What the server notes from now on."""
    return Ledger(shop)


ReactOpener = Callable[..., ReactTab]


@pytest.fixture
def visit(
    shop: House,
    browser: Browser,
    microphone: Callable[[Recording], None],
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[ReactOpener]:
    """Opens pages: `visit("react-parts", shows="hooks")`, `visit("example", path="/menu")`."""
    with opening(shop, browser, tmp_path_factory) as opener:
        yield opener


@contextmanager
def opening(
    house: House, browser: Browser, tmp_path_factory: pytest.TempPathFactory, key: str = ""
) -> Iterator[ReactOpener]:
    """Opens pages of a site beside this server; their consoles stay empty."""
    opened: list[ReactTab] = []
    with ExitStack() as stack:

        def folder(page: str, react: str) -> Path:
            if page == "example":
                return made(tmp_path_factory, "example", example)
            return made(tmp_path_factory, f"react-{react}", lambda at: bundle(at, react))

        def open_page(
            page: str,
            path: str = "/",
            react: str = "19",
            use: Browser | None = None,
            profile: dict[str, Any] | None = None,
            before: str = "",
            **asked: str,
        ) -> ReactTab:
            name = "" if page == "example" else page
            site = stack.enter_context(ReactSite(folder(page, react), house.url, name, key))
            query = "&".join(f"{name}={value}" for name, value in asked.items())
            url = f"{site.url}{path}?{query}" if query else f"{site.url}{path}"
            given = {"profile": profile or {}, "before": before}
            opened.append(ReactTab(use or browser, url, **given))
            return opened[-1]

        yield open_page
        said = [line for tab in opened if not tab.closed for line in tab.unexpected]
        for tab in opened:
            if not tab.closed:
                tab.close()
        if said:
            raise AssertionError("the console is not empty: " + "; ".join(said))
