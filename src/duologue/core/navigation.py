"""Where a page may be led: addresses of the web, read as the strictest of browsers would."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import SplitResult, urlsplit

from duologue.errors import DuologueError

LONGEST: Final = 2048
_UNSEEN = re.compile(r"[\x00-\x20\x7f]")
"""Browsers drop some of these within an address, so that `java\\tscript:` would be another one."""


def destination(url: str) -> SplitResult:
    """The parts of an http, https or relative address; any other one is refused."""
    if not url or len(url) > LONGEST or _UNSEEN.search(url):
        raise refusal(url[:100], "it is empty, too long, or has spaces in it")
    slashed = url.replace("\\", "/")  # as browsers read it
    try:
        parts = urlsplit(slashed)
        port = parts.port
    except ValueError:
        raise refusal(url, "it is not an address") from None
    if parts.scheme not in ("", "http", "https"):
        raise refusal(url, "only http, https and relative addresses are pages")
    # Browsers skip further slashes: `///evil.example` is a host, though others read it as a path.
    if ((parts.scheme or slashed.startswith("//")) and not parts.hostname) or port == 0:
        raise refusal(url, "it names no host")
    return parts


def origin_of(url: str, page: str | None) -> str | None:
    """The origin to which an address leads from a page; none when it stays at the page's own."""
    parts = destination(url)
    if not parts.netloc:
        return None
    scheme = parts.scheme or _of(page or "").scheme or "https"
    return f"{scheme}://{parts.netloc}"


def own_origin(page: str) -> str | None:
    """The origin of a page, by its address; none of one that is nowhere on the web."""
    parts = _of(page)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else None


def refusal(url: str, reason: str) -> DuologueError:
    """Why a page is not led there."""
    return DuologueError("address_refused", url=url, reason=reason)


def _of(page: str) -> SplitResult:
    """The parts of what a page says that its address is; all empty when that is none."""
    try:
        return urlsplit(page)
    except ValueError:
        return urlsplit("")
