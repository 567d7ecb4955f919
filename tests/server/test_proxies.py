"""Whom a proxy is believed to ask for: the one address, or many."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest
from tests.serving import House

PROXY = "127.0.0.2"
"""An address of this machine that is not the one of the default."""
PER_MINUTE = 2


def asked(house: House, proxy: str, *callers: str) -> list[int]:
    """What a proxy at that address is answered for each caller."""
    road = httpx.HTTPTransport(local_address=proxy)
    with httpx.Client(transport=road, base_url=house.url, trust_env=False, timeout=60) as client:
        return [
            client.get("/v1/conversations", headers={"x-forwarded-for": each}).status_code
            for each in callers
        ]


@pytest.mark.parametrize("trusted", [f"10.0.0.1, {PROXY}", "127.0.0.0/29"])
def test_callers_behind_a_trusted_proxy_have_a_pace_each(tmp_path: Path, trusted: str) -> None:
    """Whatever a caller says in front of what the proxy saw is not believed."""
    with House(tmp_path, trusted_proxies=trusted, authorize_per_minute=PER_MINUTE) as house:
        callers = [f"203.0.113.{number}" for number in range(6)]
        assert asked(house, PROXY, *callers) == [401] * 6
        forged = [f"198.51.100.{number}, 203.0.113.9" for number in range(3)]
        assert asked(house, PROXY, *forged) == [401, 401, 429]


def test_whoever_is_not_trusted_asks_for_itself(tmp_path: Path) -> None:
    """A neighbour that only says whom it asks for; nor is loopback, where others are named."""
    with House(tmp_path, trusted_proxies="10.0.0.1", authorize_per_minute=PER_MINUTE) as house:
        callers = [f"203.0.113.{number}" for number in range(3)]
        for proxy in (PROXY, "127.0.0.1"):
            assert asked(house, proxy, *callers) == [401, 401, 429]
