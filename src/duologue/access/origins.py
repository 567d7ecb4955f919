"""Web origins: which pages may open sessions.

A listed origin is scheme, host and port, compared exactly, or has one leading label `*.` which
stands for exactly one label. The origin that a browser presents is read by the same rules.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable
from typing import Final, Literal

import idna
import msgspec

from duologue.errors import DuologueError

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_FORM = re.compile(
    r"(https?)://(\*\.)?(\[[0-9a-f:.]+\]|[^\s/?#@:\\\[\]*]+)(?::([0-9]{1,5}))?", re.IGNORECASE
)
NOWHERE: Final = "null"
"""What a browser calls an origin that is none; who sends none at all is told the same."""
_LABEL = re.compile(r"[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?")
_LONGEST = 253


class Origin(msgspec.Struct, frozen=True):
    """An origin as it is compared: lower case, punycode, port always a number."""

    scheme: str
    host: str
    port: int
    any_label: bool = False
    """Whether one label of any name stands before the host."""

    def __str__(self) -> str:
        port = "" if self.port == _DEFAULT_PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{'*.' if self.any_label else ''}{self.host}{port}"

    def covers(self, page: Origin) -> bool:
        """Whether a page of that origin is meant."""
        if (self.scheme, self.port) != (page.scheme, page.port):
            return False
        if not self.any_label:
            return self.host == page.host
        return page.host.partition(".")[2] == self.host and not _is_address(page.host)


def parse(text: str) -> Origin:
    """The origin that an operator lists, or a refusal that shows the form."""
    try:
        return _read(text)
    except ValueError as error:
        raise DuologueError(
            "bad_request",
            reason=f"{text!r} is not an origin: {error}; write https://example.com, "
            "http://localhost:3000 or https://*.example.com",
        ) from None


def allowed(origin: str | None, listed: Iterable[str]) -> bool:
    """Whether a page of that origin is among the listed; none, `null` and nonsense never are."""
    if origin is None:
        return False
    try:
        page = _read(origin)
    except ValueError:
        return False
    return not page.any_label and any(parse(entry).covers(page) for entry in listed)


def is_loopback(origin: str | None) -> bool:
    """Whether the page was served by this very machine."""
    try:
        page = _read(origin or "")
    except ValueError:
        return False
    if _is_address(page.host):
        return ipaddress.ip_address(page.host.strip("[]")).is_loopback
    return page.host == "localhost"


def check(
    kind: Literal["secret", "public", "local"],
    origin: str | None,
    of_key: Iterable[str],
    of_agent: Iterable[str],
    *,
    key_id: str | None = None,
) -> None:
    """Refuses a page from where neither key nor agent expect one.

    A public key needs a listed page; the agent's own list, if it has one, binds every key; without
    any key only pages of this machine and programs that send no origin are let in.
    """
    agent_list = list(of_agent)
    key_list = list(of_key)
    if kind == "local":
        fits = origin is None or is_loopback(origin)
        named = ["pages on this machine"]
        mend = "A page elsewhere needs a key: duologue keys create --kind public --agent NAME"
    elif kind == "public" and not allowed(origin, key_list):
        fits, named = False, key_list
        mend = f"Allow it: duologue keys allow {key_id or 'KEY'}"
    else:
        fits = not agent_list or allowed(origin, agent_list)
        named = agent_list
        mend = (
            "Its agent has a list of its own, in duologue.toml or its file; there, add to origins"
        )
    if not fits:
        raise DuologueError(
            "origin_refused",
            origin=NOWHERE if origin is None else origin,
            allowed=", ".join(named) or "none",
            mend=_mended(mend, origin, kind),
        )


def _mended(mend: str, origin: str | None, kind: str) -> str:
    """What to do about a page that was refused."""
    try:
        page = _read(origin or "")
    except ValueError:
        return (
            "That is no origin. Serve the page over http or https, from a place with a name; a "
            "program needs a secret key: duologue keys create --kind secret"
        )
    return f"{mend} {'--origin ' if kind == 'local' else ''}{page}"


def _read(text: str) -> Origin:
    match = _FORM.fullmatch(text)
    if match is None:
        raise ValueError("it is not scheme://host or scheme://host:port")
    scheme, star, host, port_text = match.groups()
    scheme = scheme.lower()
    port = int(port_text) if port_text else _DEFAULT_PORTS[scheme]
    if not 0 < port < 1 << 16:
        raise ValueError(f"there is no port {port}")
    host = _host(host)
    if star and _is_address(host):
        raise ValueError("an address has no labels to stand for")
    if star and "." not in host and host != "localhost":
        raise ValueError(f"*.{host} would be half the world")
    return Origin(scheme, host, port, bool(star))


def _host(text: str) -> str:
    """The host in lower case and punycode, an address in its shortest form."""
    if text.startswith("["):
        return f"[{ipaddress.IPv6Address(text[1:-1]).compressed}]"
    host = text.lower() if text.isascii() else idna.encode(text, uts46=True).decode()
    labels = host.split(".")
    if len(host) > _LONGEST or not all(_LABEL.fullmatch(label) for label in labels):
        raise ValueError(f"{text!r} is not a host name")
    if labels[-1].isdigit():
        return str(ipaddress.IPv4Address(host))
    return host


def _is_address(host: str) -> bool:
    return host.startswith("[") or host.rpartition(".")[2].isdigit()
