"""A real Chromium with the published SDKs, driven from a test through web/e2e's driver."""

from __future__ import annotations

import itertools
import json
import subprocess
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

E2E = Path(__file__).parents[2] / "web" / "e2e"
PATIENCE = 60.0
"""Seconds that waiting takes before it fails."""

FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--autoplay-policy=no-user-gesture-required",
    "--use-fake-device-for-media-stream",
    "--use-fake-ui-for-media-stream",
)


class Browser:
    """One Chromium; its microphone plays a WAV file from the start whenever a page opens it."""

    def __init__(
        self,
        executable: str,
        microphone: Path,
        asset_host: str,
        flags: Sequence[str] = FLAGS,
    ) -> None:
        self._process = subprocess.Popen(
            ["node", str(E2E / "build" / "driver.mjs")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=E2E,
        )
        self._numbers = itertools.count(1)
        self._waiting: dict[int, Future[Any]] = {}
        self._reader = threading.Thread(target=self._read)
        self._reader.start()
        args = [
            *flags,
            f"--use-file-for-fake-audio-capture={microphone}%noloop",
            f"--host-resolver-rules=MAP assets.layercode.com {asset_host}",
        ]
        self.version = self.ask("launch", executable=executable, args=args)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()  # the driver closes the browser and ends
        try:
            self._process.wait(30)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self._reader.join()
        self._process.stdout.close()

    def ask(self, what: str, **given: object) -> Any:
        """What the driver answers; its errors are ours."""
        number = next(self._numbers)
        answer: Future[Any] = Future()
        self._waiting[number] = answer
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"id": number, "do": what, "with": given}) + "\n")
        self._process.stdin.flush()
        return answer.result(PATIENCE + 30)

    def open(self, url: str, options: dict[str, Any]) -> Page:
        """A page in a profile of its own; `options` is what its client is made with."""
        return Page(self, self.ask("open", url=url), options)

    def _read(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            reply = json.loads(line)
            answer = self._waiting.pop(reply["id"])
            if "error" in reply:
                answer.set_exception(AssertionError(reply["error"]))
            else:
                answer.set_result(reply["value"])
        for answer in self._waiting.values():
            answer.set_exception(AssertionError("the driver ended"))


@dataclass(frozen=True, slots=True)
class Frame:
    """One frame of a page's socket, in the order in which the browser saw them."""

    socket: int
    way: str
    type: str
    turn: str | None
    bytes: int
    text: str


class Page:
    """One page with one client of the SDK."""

    def __init__(self, browser: Browser, number: int, options: dict[str, Any]) -> None:
        self._browser = browser
        self._number = number
        self.options = options
        self.closed = False

    # ---------------------------------------------------------------- the client

    def make(self, **options: object) -> None:
        """Makes the client, or for the hook renders the component again."""
        self.run(f"page.make({json.dumps(self.options | options)})")

    def call(self, method: str, *values: object) -> None:
        """Calls a method of the client."""
        self.run(f"page.call({', '.join(json.dumps(one) for one in (method, *values))})")

    def connect(self, **options: object) -> None:
        """Makes a client and connects it; returns when its socket is open."""
        self.make(**options)
        self.call("connect")
        self.wait("page.state().status === 'connected'")

    @property
    def state(self) -> dict[str, Any]:
        """What the client says of itself."""
        return dict(self.run("page.state()"))

    # ---------------------------------------------------------------- what happened

    @property
    def log(self) -> list[tuple[str, Any]]:
        """Every callback so far."""
        return [(entry["name"], entry["value"]) for entry in self.run("page.log")]

    def messages(self, kind: str, after: int = 0) -> list[dict[str, Any]]:
        """The messages of a type that `onMessage` got."""
        return [
            value for name, value in self.log[after:] if name == "message" and value["type"] == kind
        ]

    def data(self) -> list[Any]:
        """What `onDataMessage` got, without the server's own notices."""
        contents = [value["content"] for name, value in self.log if name == "data"]
        return [one for one in contents if not is_notice(one)]

    def notices(self) -> list[str]:
        """The codes of the server's notices."""
        contents = [value["content"] for name, value in self.log if name == "data"]
        return [one["code"] for one in contents if is_notice(one)]

    @property
    def frames(self) -> list[Frame]:
        """Every frame of every socket of the page."""
        return [Frame(**frame) for frame in self._ask("frames")]

    def sound(self, after: int = 0) -> float:
        """The loudest moment at the page's output since the log had `after` entries."""
        heard = self.run(f"page.loudness.filter(one => one.after >= {after})")
        return max((one["amplitude"] for one in heard), default=0.0)

    @property
    def failed(self) -> list[str]:
        """Addresses that the page could not load."""
        return list(self._ask("failed"))

    @property
    def console(self) -> list[str]:
        """What the page wrote to its console."""
        return list(self._ask("console"))

    # ---------------------------------------------------------------- waiting

    def wait(self, script: str, timeout: float = PATIENCE) -> None:
        """Waits until an expression is true in the page; fails with the end of its log."""
        try:
            self._ask("wait", script=script, timeout=timeout)
        except AssertionError as error:
            last = "\n".join(f"  {entry!r:.200}" for entry in self.log[-15:])
            raise AssertionError(f"waited for {script}: {error}\nlog:\n{last}") from None

    def wait_message(self, kind: str, after: int = 0, **like: object) -> dict[str, Any]:
        """Waits for a message of a type whose fields are like these, and gives it."""
        wanted = json.dumps({"type": kind, **like})
        self.wait(
            f"(wanted => page.log.slice({after}).some(e => e.name === 'message' &&"
            f" Object.entries(wanted).every(([k, v]) => e.value[k] === v)))({wanted})"
        )
        return next(
            one for one in self.messages(kind, after) if all(one[k] == v for k, v in like.items())
        )

    def wait_frames(self, enough: Callable[[list[Frame]], bool], what: str) -> list[Frame]:
        """Waits until the sockets carried something, and gives all their frames."""
        for _ in range(int(PATIENCE / 0.1)):
            frames = self.frames
            if enough(frames):
                return frames
            self.run("new Promise(done => setTimeout(done, 100))")
        raise AssertionError(f"waited for {what}; last: {frames[-15:]}")

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        return self._ask("run", script=script)

    def close(self) -> None:
        """Closes the page and its profile."""
        self.closed = True
        self._ask("close")

    def _ask(self, what: str, **given: object) -> Any:
        return self._browser.ask(what, page=self._number, **given)


def is_notice(content: Any) -> bool:
    """Whether data is a word of the server itself."""
    return isinstance(content, dict) and content.get("type") == "duologue.notice"
