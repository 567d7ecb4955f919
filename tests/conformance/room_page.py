"""A LiveKit user's page in a browser: what it shows and hears, and what a person does with it."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import quote

from tests.conformance.browser import PATIENCE, Browser

AUDIBLE = 0.02
"""The energy of a sound of full scale is 0.7; of an agent that is silent less than 0.001."""


USER, AGENT, CHAT = "userTranscript", "agentTranscript", "chatMessage"
"""The three types of messages that @livekit/components-react knows."""


class Shown(NamedTuple):
    """One message of the page's list."""

    type: str
    sender: str
    text: str


class RoomPage:
    """One page with one session of @livekit/components-react."""

    def __init__(self, browser: Browser, site: str, **asked: object) -> None:
        self._browser = browser
        self._number = browser.ask("open", url=f"{site}/room?asked={quote(json.dumps(asked))}")
        self.closed = False
        self.network(there=True)

    # ---------------------------------------------------------------- what a person does

    def start(self, button: str = "start") -> None:
        """Starts the session; returns when the page was told that it is there."""
        before = len(self.log)
        self.click(button)
        self.wait_done("started", before)

    def end(self) -> None:
        """Ends the session."""
        before = len(self.log)
        self.click("end")
        self.wait_done("ended", before)
        self.wait_shown("connection", "disconnected")

    def write(self, text: str) -> None:
        """Sends a message."""
        before = len(self.log)
        self._ask("fill", selector="#words", text=text)
        self._ask("press", key="Enter")
        self.wait_done("sent", before)

    def click(self, name: str) -> None:
        """Clicks the element of this id."""
        # Buttons without a word have no size; a click by script is no touch, and none is needed.
        self.run(f"document.getElementById({name!r}).click()")

    def network(self, *, there: bool) -> None:
        """Takes the network from the page, that of WebRTC too, or gives it back."""
        self._ask("network", there=there)

    def close(self) -> None:
        """Closes the page and its profile."""
        self.closed = True
        self._ask("close")

    # ---------------------------------------------------------------- what it shows

    @property
    def log(self) -> list[tuple[str, Any]]:
        """What the page wrote down, in order."""
        return [(entry["name"], entry["value"]) for entry in self.run("seen.log")]

    def logged(self, name: str) -> list[Any]:
        """The values that were written down under a name."""
        return [value for known, value in self.log if known == name]

    @property
    def messages(self) -> list[Shown]:
        """The list of messages, from the top."""
        rows = self.run(
            "[...document.querySelectorAll('li')].map(one =>"
            " [one.dataset.type, one.dataset.from, one.textContent])"
        )
        return [Shown(*row) for row in rows]

    @property
    def local(self) -> dict[str, Any]:
        """What the client knows of itself."""
        return dict(self.run("seen.local()"))

    @property
    def now(self) -> float:
        """The page's clock, as its levels have it."""
        return float(self.run("performance.now()"))

    def loudest(self, since: float) -> float:
        """The loudest moment of the agent's track since then."""
        return float(
            self.run(
                f"seen.levels.filter(one => one.at >= {since})"
                ".reduce((most, one) => Math.max(most, one.energy), 0)"
            )
        )

    @property
    def console(self) -> list[str]:
        """What the page wrote to its console."""
        return list(self._ask("console"))

    # ---------------------------------------------------------------- waiting

    def wait_shown(self, name: str, text: str) -> None:
        """Waits until the element of this id shows something."""
        self.until(lambda: self._text(name) == text, f"{name} to be {text!r}")

    def wait_log(self, name: str, after: int = 0) -> Any:
        """Waits for an entry of the log, and gives what it tells."""
        self.until(lambda: name in [one for one, _ in self.log[after:]], name)
        return next(value for one, value in self.log[after:] if one == name)

    def wait_done(self, name: str, after: int = 0) -> None:
        """Waits until something was done; a failure is one of ours."""
        failed = self.wait_log(name, after)
        assert failed is None, f"{name}: {failed}\n{self._shown()}"

    def asks(self, text: str) -> None:
        """Writes a message, and waits until it is answered in words and in sound."""
        self.wait_silence()
        known, since = len(self.messages), self.now
        self.write(text)
        self.wait_message(AGENT, text, known)
        self.wait_sound(since)

    def wait_message(self, kind: str, text: str, after: int = 0) -> Shown:
        """Waits for a message with a text in it, among those after the first so many."""

        def found() -> list[Shown]:
            known = [one for one in self.messages[after:] if one.type == kind]
            return [one for one in known if text.lower() in one.text.lower()]

        self.until(lambda: bool(found()), f"{kind} {text!r}")
        return found()[0]

    def wait_sound(self, since: float) -> None:
        """Waits until the agent's track has sound."""
        self.until(lambda: self.loudest(since) > AUDIBLE, "sound of the agent")

    def wait_silence(self, seconds: float = 1.0) -> None:
        """Waits until nothing was heard of the agent for a while."""
        self.until(lambda: self.loudest(self.now - seconds * 1000) < AUDIBLE, "silence")

    def until(self, true: Callable[[], bool], what: str) -> None:
        """Waits until something is so; fails with what the page shows instead."""
        end = time.monotonic() + PATIENCE
        while not true():
            if time.monotonic() > end:
                raise AssertionError(f"waited for {what}\n{self._shown()}")
            time.sleep(0.1)

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        return self._ask("run", script=script)

    def _text(self, name: str) -> str:
        return str(self.run(f"document.getElementById({name!r}).textContent"))

    def _ask(self, what: str, **given: object) -> Any:
        return self._browser.ask(what, page=self._number, **given)

    def _shown(self) -> str:
        state = [self._text(name) for name in ("connection", "agent", "failure")]
        log = "\n".join(f"  {entry!r:.200}" for entry in self.log[-20:])
        console = "\n".join(f"  {line:.300}" for line in self.console[-15:])
        return f"{state} {self.messages}\n{self.local}\nlog:\n{log}\nconsole:\n{console}"
