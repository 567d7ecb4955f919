"""Where other processes reach this one."""

from __future__ import annotations

import socket

import pytest

from duologue.errors import DuologueError
from duologue.server import peers
from duologue.settings import Settings


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
def test_a_free_port_is_told_as_others_dial_it(host: str) -> None:
    """Also in IPv6, whose addresses are written in brackets."""
    with peers.listening(Settings(peer_host=host)) as (made, address):
        assert made.getsockname()[0] == host
        name, _, port = address.rpartition(":")
        assert name.strip("[]") == host
        assert (":" in host) == name.startswith("[")
        socket.create_connection((host, int(port))).close()


@pytest.mark.parametrize(
    ("host", "why"),
    [
        ("0.0.0.0", "every address"),
        ("::", "every address"),
        ("192.0.2.1", "cannot listen"),
    ],  # refused
)
def test_an_address_at_which_nobody_finds_this_machine_is_refused(host: str, why: str) -> None:
    """By the name of the setting."""
    with (
        pytest.raises(DuologueError, match=why) as refused,
        peers.listening(Settings(peer_host=host)),
    ):
        pass
    assert refused.value.values["name"] == "peer_host"
