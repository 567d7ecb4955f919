"""Cold loads of a page with a widget: what came over the line, and what the browser had to do."""

from __future__ import annotations

import base64
import json
import time
from pathlib import Path
from typing import Final, NamedTuple
from urllib.parse import urlsplit

from bench.devtools import Browser, Event, Page
from bench.embeds import Embed

QUIET_FOR: Final = 1.5
"""Seconds without a request after which a page has loaded what it loads."""
CATEGORIES: Final = "devtools.timeline,v8,disabled-by-default-v8.compile,blink.user_timing"
PARSES: Final = {
    "v8.parseOnBackground",
    "v8.compile",
    "v8.compileModule",
    "EvaluateScript",
    "v8.evaluateModule",
}
PHONE: Final = {
    "offline": False,
    "latency": 150,
    "downloadThroughput": 1_600_000 / 8,
    "uploadThroughput": 750_000 / 8,
}
"""What Lighthouse calls a slow 4G."""
# Looks at every frame for the launcher and marks the first moment after the frame that has it.
WATCH: Final = """
globalThis.__found = (selector) => {
  const [css, words] = selector.split(":has-text(");
  const seen = (one) => {
    const { width, height } = one.getBoundingClientRect();
    return width > 15 && height > 15 && one.checkVisibility({ opacityProperty: true,
      visibilityProperty: true }) && (!words || one.textContent.includes(words.slice(0, -1)));
  };
  const within = (root) => [...root.querySelectorAll(css)].find(seen) ??
    [...root.querySelectorAll("*")].reduce((found, one) =>
      found ?? (one.shadowRoot ? within(one.shadowRoot) : undefined), undefined);
  return within(document);
};
const look = () => {
  if (globalThis.__found(LAUNCHER) === undefined) return requestAnimationFrame(look);
  setTimeout(() => { performance.mark("launcher"); globalThis.__shown = performance.now(); });
};
requestAnimationFrame(look);
"""


class Load(NamedTuple):
    """One cold load, in milliseconds."""

    parsed: float
    """Processor time of parsing and evaluating what the widget loaded."""
    busy: float
    """Processor time of the page's main thread until the launcher was shown; a slowed down one
    spends three quarters of its time on being slow, also while it has nothing to do."""
    shown: float
    """From navigation to the launcher in the picture."""


class Weight(NamedTuple):
    """What was loaded, in bytes with headers, packed in one way, and what could not be."""

    before: int
    files_before: int
    after: int
    files_after: int
    elsewhere: list[str]
    """Other hosts that were asked, in vain from here."""


def weigh(browser: Browser, embed: Embed, url: str, packing: str, shots: Path | None) -> Weight:
    """Loads a page, talks, and counts what came before and after."""
    with browser.page(WATCH.replace("LAUNCHER", json.dumps(embed.launcher))) as page:
        page.call("Network.setCacheDisabled", cacheDisabled=True)
        page.call("Network.setExtraHTTPHeaders", headers={"Accept-Encoding": packing})
        page.call("Page.navigate", url=url)
        page.until("globalThis.__shown > 0")
        settle(browser)
        before = received(browser, url)
        shoot(page, shots, f"{embed.name} before")
        for press in embed.presses:
            place = page.until(
                f"(() => {{ const box = __found({json.dumps(press)})?.getBoundingClientRect();"
                " return box && [box.x + box.width / 2, box.y + box.height / 2]; })()"
            )
            page.click(*place)
            settle(browser)
        shoot(page, shots, f"{embed.name} after")
        all_of_it = received(browser, url)
        asked = [one["request"]["url"] for one in browser.heard("Network.requestWillBeSent")]
        asked += [one["url"] for one in browser.heard("Network.webSocketCreated")]
        hosts = {urlsplit(one).netloc for one in asked if one.startswith(("http", "ws"))}
        elsewhere = sorted(host for host in hosts if not host.startswith("127.0.0.1"))
        return Weight(
            sum(before),
            len(before),
            sum(all_of_it) - sum(before),
            len(all_of_it) - len(before),
            elsewhere,
        )


def settle(browser: Browser) -> None:
    """Waits until nothing has been asked for in a while."""
    asked, until = -1, time.monotonic() + 30
    while asked != (asked := len(browser.heard("Network.requestWillBeSent"))):
        if time.monotonic() > until:
            return
        browser.listen(QUIET_FOR)


def received(browser: Browser, page: str) -> list[int]:
    """The bytes of everything that was answered but the page itself."""
    own = {
        one["requestId"]
        for one in browser.heard("Network.requestWillBeSent")
        if one["request"]["url"] == page or not one["request"]["url"].startswith("http")
    }
    return [
        int(one["encodedDataLength"])
        for one in browser.heard("Network.loadingFinished")
        if one["requestId"] not in own
    ]


def load(browser: Browser, embed: Embed, url: str, *, phone: bool) -> Load:
    """Loads a page once, cold, as a desk's machine does or as a phone."""
    with browser.page(WATCH.replace("LAUNCHER", json.dumps(embed.launcher))) as page:
        if phone:
            page.call("Emulation.setCPUThrottlingRate", rate=4)
            page.call("Network.emulateNetworkConditions", **PHONE)
        page.call("Network.setExtraHTTPHeaders", headers={"Accept-Encoding": "gzip"})
        browser.listen(1.0)  # a new profile has things of its own to do
        with browser.traced(CATEGORIES) as trace:
            page.call("Page.navigate", url=url)
            shown = float(page.until("globalThis.__shown"))
        loaded = {
            one["request"]["url"]
            for one in browser.heard("Network.requestWillBeSent")
            if one["request"]["url"] != url
        }
    mark = next(one for one in trace if one["name"] == "launcher")
    return Load(parsed(trace, loaded), busy(trace, mark), shown)


def parsed(trace: list[Event], urls: set[str]) -> float:
    """Processor time of parsing and evaluating these, each moment counted once."""
    spans: list[tuple[int, int, float, float, float]] = sorted(
        (one["pid"], one["tid"], one["ts"], -one["dur"], one["tdur"])
        for one in trace
        if one["ph"] == "X" and one["name"] in PARSES and address(one) in urls
    )
    total, end, thread = 0.0, 0.0, (0, 0)
    for pid, tid, start, length, cost in spans:
        if (pid, tid) == thread and start < end:
            continue  # within the one before
        thread, end = (pid, tid), start - length
        total += cost
    return total / 1000


def address(event: Event) -> str:
    """The file that a trace event is about."""
    said = event.get("args", {})
    return str(said.get("data", {}).get("url") or said.get("fileName") or "")


def busy(trace: list[Event], mark: Event) -> float:
    """Processor time of the mark's thread from the beginning of the page's navigation to it."""
    thread = (mark["pid"], mark["tid"])
    first = min(
        one["tts"] for one in trace if (one["pid"], one["tid"]) == thread and one.get("tts")
    )
    return float(mark["tts"] - first) / 1000


def shoot(page: Page, folder: Path | None, name: str) -> None:
    """Keeps a picture, for whoever wants to see what was measured."""
    if folder is None:
        return
    folder.mkdir(parents=True, exist_ok=True)
    picture = page.call("Page.captureScreenshot")["data"]
    file = folder / f"{name.replace('/', ' ').replace('@', '')}.png"
    file.write_bytes(base64.b64decode(picture))
