"""Pages with a `LiveKitSession` of their own, and what it told them."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote, urlencode

from tests.conformance.browser import E2E, PATIENCE, Browser
from tests.origin import Asked, Origin
from tests.pages.cable import Cable
from tests.pages.foreign import ASSETS
from tests.pages.tab import Tab
from tests.serving import House

PAGE: Final = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{name}</title>
<link rel="icon" href="data:,"><body><h1 id="agent-name"></h1><div id="transcript"></div>
<div id="avatar"></div><div id="avatar-container"></div>
<button id="talk">Talk</button><button id="end">End</button>
<script type="module" src="/{name}.js"></script>"""
CALLBACKS: Final = (
    "onConnectionStateChange",
    "onAgentStateChange",
    "onTranscript",
    "onAgentConfig",
    "onAudioTrack",
    "onVideoTrack",
    "onVideoTrackRemoved",
    "onError",
    "onDataMessage",
    "onResumabilityChange",
)


def bundle(folder: Path, *programs: Path) -> Path:
    """The pages, and more programs, built from what stands in the tree."""
    command = ["node", "livekit-session.mjs", str(folder), *map(str, programs)]
    subprocess.run(command, check=True, timeout=180, cwd=E2E, capture_output=True)
    return folder


class Stall(Origin):
    """A site of its own with these pages, and the client's files beside them."""

    def __init__(self, built: Path) -> None:
        self._built = built
        super().__init__()

    def _handler(self) -> type[Asked]:
        built = self._built

        class Handler(Asked):
            def get(self) -> None:
                name = self.path.lstrip("/")
                if "." in name:
                    folder = built if (built / name).exists() else ASSETS
                    kind, body = "text/javascript", (folder / Path(name).name).read_bytes()
                else:
                    kind, body = "text/html", PAGE.format(name=name).encode()
                self.answer(kind, body)

        return Handler


class Surface(Tab):
    """A tab whose page writes down what its session tells."""

    def of(self, callback: str) -> list[Any]:
        """What one callback was told, each time; a list where it is told several things."""
        told = [given for name, *given in self.run("told") if name == callback]
        return [given[0] if len(given) == 1 else given for given in told]

    def heard_of_line(self) -> list[str]:
        """The states of the connection, as they were told."""
        return self.of("onConnectionStateChange")

    def connects(self) -> str:
        """Connects; `done`, or the code of what was wrong."""
        return str(self.run("tried(session.connect())"))

    def reads(self, text: str, role: str = "agent") -> None:
        """Waits until somebody said this, to its end."""
        given = json.dumps({"role": role, "text": text})
        self.wait(
            f"session.snapshot.transcript.some(one => one.final && one.role === {given}.role"
            f" && one.text === {given}.text)"
        )

    def hears_all(self, text: str, answers: int = 1) -> None:
        """Waits until the agent said this, the last of so many answers, and all was heard.

        A room skips states that are over before they can be told; its words are whole once heard.
        """
        self.reads(text)
        self.wait(
            "((states) => states.at(-1) === 'listening' && (session.getRoom() !== null ||"
            f" states.filter((one) => one === 'speaking').length >= {answers}))"
            "(told.filter(([name]) => name === 'onAgentStateChange').map(([, state]) => state))"
        )

    def becomes(self, name: str, value: object, timeout: float = PATIENCE) -> None:
        """Waits until the snapshot says so."""
        self.wait(f"session.snapshot.{name} === {json.dumps(value)}", timeout)

    def _shown(self) -> str:
        told = "\n".join(f"  {one}"[:300] for one in self.run("globalThis.told ?? []")[-15:])
        shot = self.run(
            "JSON.stringify(globalThis.session?.snapshot ?? null, (name, value) =>"
            " name === 'session' || value instanceof Element ? undefined : value)"
        )
        return f"the session shows {shot}\nand told\n{told}\nconsole: {self.ask('console')}"


Visitor = Callable[..., Surface]


def pages(browser: Browser, stall: Stall) -> Iterator[Visitor]:
    """What opens pages that write everything down, and closes them: their consoles are empty.

    `visitor(inn)`, `visitor(inn, agent="exchange", use=strict)`; more names are options.
    """
    opened: list[Surface] = []

    def visit(
        at: House | Cable,
        agent: str = "talker",
        use: Browser | None = None,
        beside: Tab | None = None,
        **options: object,
    ) -> Surface:
        given = {"agentId": agent, "baseUrl": at.url, **options}
        address = f"{stall.url}/livekit-session#{quote(json.dumps(given))}"
        number = beside.number if beside else None
        use = beside.browser if beside else use
        opened.append(Surface(use or browser, address, beside=number))
        return opened[-1]

    yield visit
    said = [line for page in opened if not page.closed for line in page.unexpected]
    for page in opened:
        if not page.closed:
            page.close()
    assert said == [], "the console is not empty"


def program(browser: Browser, stall: Stall, name: str, agent: str, url: str) -> Surface:
    """Opens one of the document's programs for an agent of a server."""
    asked = urlencode({"agent": agent, "url": url})
    return Surface(browser, f"{stall.url}/{name}#{asked}")
