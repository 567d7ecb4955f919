"""A Chromium by its own protocol: cold pages, what they load, and where their time goes."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, Final

from websockets.sync.client import ClientConnection, connect

FLAGS: Final = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--remote-debugging-port=0",
    "--window-size=1280,800",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
    # Only this machine answers: what a page asks of others is seen, and fails at once.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
PATIENCE: Final = 60.0
Event = dict[str, Any]


class Browser:
    """A running Chromium."""

    def __init__(self, line: ClientConnection) -> None:
        self._line = line
        self._numbers = itertools.count(1)
        self._events: list[Event] = []

    def call(self, method: str, session: str | None = None, **given: Any) -> Any:
        """What the browser answers; events that come meanwhile are kept."""
        number = next(self._numbers)
        message = {"id": number, "method": method, "params": given}
        self._line.send(
            json.dumps(message if session is None else message | {"sessionId": session})
        )
        until = time.monotonic() + PATIENCE
        while True:
            got = json.loads(self._line.recv(max(0.0, until - time.monotonic())))
            if got.get("id") == number:
                if "error" in got:
                    raise RuntimeError(f"{method}: {got['error']}")
                return got["result"]
            self._events.append(got)

    def listen(self, seconds: float, enough: Callable[[Event], bool] = lambda _: False) -> None:
        """Keeps the events that come within a time, at most up to the first that is enough."""
        until = time.monotonic() + seconds
        while (left := until - time.monotonic()) > 0:
            try:
                got = json.loads(self._line.recv(left))
            except TimeoutError:
                return
            self._events.append(got)
            if enough(got):
                return

    def heard(self, *methods: str) -> list[Event]:
        """The parameters of every kept event of these names, in order."""
        return [one["params"] for one in self._events if one.get("method") in methods]

    @contextmanager
    def page(self, before: str) -> Iterator[Page]:
        """A page in a profile of its own, where a script runs before every other; then gone."""
        self._events.clear()
        profile = self.call("Target.createBrowserContext")["browserContextId"]
        try:
            target = self.call(
                "Target.createTarget",
                url="about:blank",
                browserContextId=profile,
                width=1280,
                height=800,
            )["targetId"]
            attached = self.call("Target.attachToTarget", targetId=target, flatten=True)
            page = Page(self, attached["sessionId"])
            for domain in ("Page", "Runtime", "Network"):
                page.call(f"{domain}.enable")
            page.call("Page.addScriptToEvaluateOnNewDocument", source=before)
            yield page
        finally:
            self.call("Target.disposeBrowserContext", browserContextId=profile)

    @contextmanager
    def traced(self, categories: str) -> Iterator[list[Event]]:
        """Everything that happened in between, once it is over, as trace events."""
        found: list[Event] = []
        self.call("Tracing.start", categories=categories, transferMode="ReportEvents")
        try:
            yield found
        finally:
            self.call("Tracing.end")
            done = "Tracing.tracingComplete"
            if not self.heard(done):
                self.listen(PATIENCE, lambda event: event.get("method") == done)
        for part in self.heard("Tracing.dataCollected"):
            found += part["value"]


class Page:
    """One page of it."""

    def __init__(self, browser: Browser, session: str) -> None:
        self.browser = browser
        self._session = session

    def call(self, method: str, **given: Any) -> Any:
        """What the page's own part of the browser answers."""
        return self.browser.call(method, self._session, **given)

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        said = self.call(
            "Runtime.evaluate",
            expression=script,
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
        )
        if "exceptionDetails" in said:
            raise RuntimeError(said["exceptionDetails"]["exception"]["description"])
        return said["result"].get("value")

    def until(self, script: str, seconds: float = PATIENCE) -> Any:
        """Waits until an expression is worth something, and gives it."""
        end = time.monotonic() + seconds
        while not (value := self.run(script)):
            if time.monotonic() > end:
                raise RuntimeError(f"not within {seconds:.0f} s: {script}")
            self.browser.listen(0.05)
        return value

    def click(self, x: float, y: float) -> None:
        """Presses the mouse at a place, and lets it go."""
        for kind in ("mouseMoved", "mousePressed", "mouseReleased"):
            self.call("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)


@contextmanager
def chromium() -> Iterator[Browser]:
    """A Chromium of its own, and its end."""
    program = shutil.which("chromium")
    if program is None:
        raise SystemExit("there is no chromium on the PATH: apt-get install chromium")
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        process = subprocess.Popen(
            [program, *FLAGS, f"--user-data-dir={folder}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        stack.callback(_end, process)
        port, path = _address(process, folder / "DevToolsActivePort")
        line = connect(f"ws://127.0.0.1:{port}{path}", max_size=None, compression=None, proxy=None)
        yield Browser(stack.enter_context(line))


def _address(process: subprocess.Popen[bytes], file: Path) -> tuple[str, str]:
    for _ in range(600):
        lines = file.read_text().split() if file.exists() else []
        if len(lines) == 2:
            return lines[0], lines[1]
        if process.poll() is not None:
            break
        time.sleep(0.1)
    raise SystemExit("chromium did not start")


def _end(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
