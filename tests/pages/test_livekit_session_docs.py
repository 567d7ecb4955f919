"""docs/browser-session.md runs in a page, holds as TypeScript, and names all that there is."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.conformance.browser import E2E, Browser
from tests.pages.surfaces import CALLBACKS, Stall, Surface, bundle, program
from tests.rooms.livekit import LiveKit
from tests.serving import House
from tests.test_docs import ROOT, blocks, read

from duologue.testing.speech import Recording

pytestmark = pytest.mark.browser

PAGE = "docs/browser-session.md"
WEB = E2E.parent
CLIENT = WEB / "packages" / "client"


def guide(folder: Path) -> Path:
    """Every block after the other, as one program that says when it is done."""
    file = folder / "guide.ts"
    file.write_text("\n".join([*blocks(PAGE, "ts"), 'console.log("to the end");\n']))
    return file


@pytest.fixture(scope="module")
def stall(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stall]:
    """A site with the page's program."""
    folder = tmp_path_factory.mktemp("guide")
    with Stall(bundle(folder / "built", guide(folder))) as site:
        yield site


def whole(browser: Browser, stall: Stall, url: str) -> Surface:
    """Runs the program to its end; nothing of it is an error."""
    page = program(browser, stall, "guide", "demo", url)
    page.expected.append(r"log: .*")
    page.until(lambda: "log: to the end" in page.ask("console"), "the end of the page")
    assert "log: true" in page.ask("console"), "the session behind the snapshot"
    assert page.run("session.snapshot.connectionState") == "disconnected"
    assert page.unexpected == []
    return page


def test_the_page_runs(
    browser: Browser, stall: Stall, house: House, microphone: Callable[[Recording], None]
) -> None:
    """Over a socket."""
    page = whole(browser, stall, house.url)
    assert page.run("session.snapshot.transport") == "websocket"
    page.close()


@pytest.mark.rooms
def test_the_page_runs_in_rooms(
    browser: Browser,
    stall: Stall,
    tmp_path: Path,
    livekit: LiveKit,
    microphone: Callable[[Recording], None],
) -> None:
    """The same page, without a change."""
    with House(tmp_path / "data", mode="dev", **livekit.settings) as house:
        page = whole(browser, stall, house.url)
        assert page.run("session.snapshot.transport") == "livekit"
        page.close()


@pytest.mark.parametrize("document", [PAGE, "web/packages/client/README.md"])
def test_it_holds_as_typescript(document: str, built: None, tmp_path: Path) -> None:
    """Its blocks are checked against the package, as strictly as the package itself."""
    shown = blocks(document, "ts")
    assert shown
    (tmp_path / "guide.ts").write_text("\n".join(shown))
    own = json.loads((CLIENT / "tsconfig.json").read_text())["compilerOptions"]
    paths = {
        "@duologue/client": [str(CLIENT / "src" / "index.ts")],
        "livekit-client": [str(WEB / "node_modules" / "livekit-client")],
    }
    options = {**own, "paths": paths, "noUnusedLocals": False}
    config = {"compilerOptions": options, "files": ["guide.ts"]}
    (tmp_path / "tsconfig.json").write_text(json.dumps(config))
    compiler = WEB / "node_modules" / ".bin" / "tsc"
    done = subprocess.run(
        [compiler, "-p", str(tmp_path)], capture_output=True, text=True, timeout=180, check=False
    )
    assert done.stdout == ""
    assert done.returncode == 0


def test_the_page_names_everything() -> None:
    """Every option, callback, method, code, and field of what is shown."""
    text = read(PAGE)
    source = CLIENT / "src"
    options = re.findall(r"^  (\w+): true,", (source / "options.ts").read_text(), re.MULTILINE)
    assert "agentId" in options
    snapshot = (source / "controlled.ts").read_text().partition("interface ControlledSession")[2]
    fields = re.findall(r"^  (?:readonly )?(\w+)\??[:(]", snapshot, re.MULTILINE)
    assert {"agentId", "errorCode", "session"} <= set(fields)
    members = "".join((source / f"{name}.ts").read_text() for name in ("life", "livekit-session"))
    methods = re.findall(r"^  (?:readonly |get )?(\w+)(?: = (?:async )?)?\(", members, re.MULTILINE)
    methods = [name for name in methods if name not in ("constructor", "super", "isolate")]
    assert {"connect", "getRoom", "publishMicrophone", "inputLevel", "subscribe"} <= set(methods)
    callbacks = re.findall(r"^  (on\w+):", (source / "callbacks.ts").read_text(), re.MULTILINE)
    assert set(callbacks) == set(CALLBACKS)
    codes = re.findall(r"^\| `(\w+)` \|", read("docs/livekit-session.md"), re.MULTILINE)
    seven = [code for code in codes if code.isupper() or code.startswith(("key_", "agent_has"))]
    assert len(seven) == 7
    named = (*options, *fields, *methods, *callbacks, *seven)
    assert not [name for name in named if name not in text]
    assert (ROOT / PAGE).exists()
