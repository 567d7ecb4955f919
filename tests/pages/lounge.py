"""A site whose page holds our client alone, for sessions in rooms, as strict as sites can be."""

from __future__ import annotations

from typing import Any, Final

from tests.conformance.browser import E2E, PATIENCE
from tests.pages.foreign import ASSETS, Shop
from tests.pages.tab import Tab

SCRIPT: Final = """import { Session } from "/duologue.js";
const { key, ...options } = JSON.parse(decodeURIComponent(location.hash.slice(1)));
const worker = () => new Worker("/e2ee-worker.js", { type: "module" });
window.session = new Session({ ...options, ...(key ? { encryption: { key, worker } } : {}) });
window.log = [];
const names = ["state", "agentState", "microphone", "sound", "notice", "error", "data", "tool",
  "resumability", "agent", "navigate"];
for (const name of names) session.on(name, (value) =>
  log.push([name, value instanceof Error ? value.code : value]));
session.on("audioElement", (element) => {
  log.push(["audioElement", element !== null]);
  window.hears?.(element);
});
session.on("videoElement", (element) => {
  document.querySelector("video")?.remove();
  if (element !== null) document.body.append(element);
  log.push(["videoElement", element !== null]);
});
window.levels = [];
setInterval(() => levels.push([session.inputLevel, session.outputLevel]), 50);
window.said = () => session.transcript.map(({ role, text, final, interrupted }) =>
  `${role}: ${text}${final ? "" : "…"}${interrupted ? " —" : ""}`);
document.getElementById("talk").onclick = () =>
  session.connect().catch((error) => (window.refused = error.code));
"""
WORKER: Final = "e2ee-worker.js"


class Lounge(Shop):
    """The site; its pages may reach its server, and one LiveKit server."""

    livekit: str = ""

    @property
    def policy(self) -> str:
        """No inline script, no eval, no blob; of foreign origins what a session needs."""
        reach = f"{self.livekit} {self.livekit.replace('ws', 'http', 1)}"
        return f"{super().policy} {reach}; worker-src 'self'"

    def file(self, name: str) -> bytes:
        """The script of the page, the worker for encryption, or one of our own files."""
        if name == "shop.js":
            return SCRIPT.encode()
        folder = E2E / "build" if name == WORKER else ASSETS
        return (folder / name).read_bytes()


def options(server: str, agent: str, **more: Any) -> dict[str, Any]:
    """What the page makes its session of."""
    return {"agent": agent, "baseUrl": server, **more}


class Guest(Tab):
    """A tab with the lounge's page, which shows nothing but a button."""

    @property
    def said(self) -> list[str]:
        """The transcript: `agent: Hello.`, with `…` while it goes on, and ` —` where it was cut."""
        return list(self.run("said()"))

    @property
    def log(self) -> list[tuple[str, Any]]:
        """Every event so far."""
        return [(name, value) for name, value in self.run("log")]

    def told(self, name: str) -> list[Any]:
        """The values of one event, in order."""
        return [value for each, value in self.log if each == name]

    def talks(self) -> None:
        """Presses the button, and waits until the session is open."""
        self.click("talk")
        self.wait("session.state === 'connected'")

    def reads(self, words: str, role: str = "agent", timeout: float = PATIENCE) -> None:
        """Waits until somebody said these words to the end of the turn."""
        like = f"one.role === {role!r} && one.final && one.text.includes({words!r})"
        self.wait(f"session.transcript.some(one => {like})", timeout)

    def loudest(self, whose: int, since: int = 0) -> float:
        """The loudest moment of the microphone (0) or the agent (1)."""
        return max((level[whose] for level in self.run(f"levels.slice({since})")), default=0.0)

    def _shown(self) -> str:
        said, log = self.run("said()"), self.run("log")
        refused = self.run("window.refused ?? null")
        return f"{said}\n{log[-20:]}\nrefused: {refused}\nconsole: {self.ask('console')}"
