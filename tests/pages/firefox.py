"""A Firefox as it comes, driven by WebDriver BiDi: by mouse and keys, as a person does."""

from __future__ import annotations

import itertools
import json
import queue
import subprocess
import threading
import time
from pathlib import Path
from typing import IO, Any, Self

from websockets.sync.client import ClientConnection, connect

PATIENCE = 60.0
ENTER = "\ue007"
LISTENS = "WebDriver BiDi listening on "


class Firefox:
    """One headless Firefox with one tab, and everything that its console said."""

    def __init__(self, executable: str, profile: Path) -> None:
        options = ["--headless", "--no-remote", "--remote-debugging-port", "0"]
        self._process = subprocess.Popen(
            [executable, *options, "--profile", str(profile), "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )
        self._numbers = itertools.count(1)
        self.console: list[str] = []
        assert self._process.stderr is not None
        self._lines = _Lines(self._process.stderr)

    def __enter__(self) -> Self:
        try:
            address = self._lines.starting(LISTENS)
            line = connect(f"{address}/session", max_size=None, open_timeout=PATIENCE)
            self._line: ClientConnection = line.__enter__()
            session = self._ask("session.new", capabilities={})
            self.version = str(session["capabilities"]["browserVersion"])
            self._ask("session.subscribe", events=["log.entryAdded"])
            self._tab = str(self._ask("browsingContext.getTree")["contexts"][0]["context"])
        except BaseException:
            self._kill()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._ask("browser.close")
            self._line.close()
            self._process.wait(PATIENCE)
        finally:
            self._kill()

    # ---------------------------------------------------------------- what a person does

    def open(self, url: str) -> None:
        """Opens an address and waits until it is loaded."""
        self._ask("browsingContext.navigate", context=self._tab, url=url, wait="complete")

    def click(self, element: str) -> None:
        """Clicks what an expression leads to, as soon as it can be seen."""
        self.wait(f"Boolean(({element})?.checkVisibility())", f"{element} to be seen")
        node = self._evaluate(element)
        at = {"type": "element", "element": {"sharedId": node["sharedId"]}}
        button: list[dict[str, Any]] = [
            {"type": "pointerMove", "x": 0, "y": 0, "origin": at},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        self._act({"type": "pointer", "id": "mouse", "actions": button})

    def type(self, text: str) -> None:
        """Types a text where the focus is."""
        keys = [{"type": kind, "value": key} for key in text for kind in ("keyDown", "keyUp")]
        self._act({"type": "key", "id": "keys", "actions": keys})

    # ---------------------------------------------------------------- what it shows

    def run(self, script: str) -> Any:
        """The value of an expression in the page; it must fit into JSON."""
        return json.loads(self._evaluate(f"JSON.stringify({script})")["value"])

    def wait(self, script: str, what: str) -> None:
        """Waits until an expression is true in the page."""
        end = time.monotonic() + PATIENCE
        while not self.run(script):
            if time.monotonic() > end:
                shown = self.run("document.querySelector('main')?.innerText ?? ''")
                raise AssertionError(f"waited for {what}\nconsole: {self.console}\n{shown}")
            time.sleep(0.1)

    # ---------------------------------------------------------------- within

    def _evaluate(self, script: str) -> Any:
        target = {"context": self._tab}
        done = self._ask("script.evaluate", expression=script, target=target, awaitPromise=True)
        if done["type"] == "exception":
            raise AssertionError(done["exceptionDetails"]["text"])
        return done["result"]

    def _act(self, actions: dict[str, Any]) -> None:
        self._ask("input.performActions", context=self._tab, actions=[actions])

    def _ask(self, method: str, **params: Any) -> Any:
        number = next(self._numbers)
        self._line.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            told = json.loads(self._line.recv(PATIENCE))
            if told["type"] == "event":
                entry = told["params"]
                self.console.append(f"{entry['level']}: {entry['text']}")
            elif told["id"] == number:
                if told["type"] == "error":
                    raise AssertionError(f"{method}: {told['error']}: {told['message']}")
                return told["result"]

    def _kill(self) -> None:
        if self._process.poll() is None:
            self._process.kill()
        self._process.wait()
        self._lines.close()


class _Lines:
    """What a process writes, read on so that it never waits for us."""

    def __init__(self, pipe: IO[str]) -> None:
        self._pipe = pipe
        self._read: queue.Queue[str] = queue.Queue()
        self._reader = threading.Thread(target=self._pump)
        self._reader.start()

    def starting(self, words: str) -> str:
        """What follows these words on the line that begins with them."""
        end = time.monotonic() + PATIENCE
        while True:
            line = self._read.get(timeout=max(0.0, end - time.monotonic()))
            if line.startswith(words):
                return line.removeprefix(words).strip()

    def close(self) -> None:
        """Ends with the process."""
        self._reader.join()
        self._pipe.close()

    def _pump(self) -> None:
        for line in self._pipe:
            self._read.put(line)
