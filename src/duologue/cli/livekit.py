"""A LiveKit server for this machine alone, found on the PATH, which ends when we end.

Run as a module it is the server's keeper: a process that ends the server as soon as its own input
closes, which the system does for us even when we are killed.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http import HTTPStatus
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from typing import IO, Final, NamedTuple

from duologue.access.claims import sign
from duologue.errors import DuologueError

PROGRAM: Final = "livekit-server"
KEY: Final = "duologue"
START: Final = 20.0
"""Seconds in which the server must listen."""
TRIES: Final = 5
"""How often ports are chosen: between choosing and listening, another program may take one."""
TAKEN: Final = "address already in use"
"""What the server says of such a port."""
GRACE: Final = 1.0
"""Seconds for the server to close before it is killed."""
PATIENCE: Final = 10.0
"""Seconds for its keeper to see to that."""
INSTALL: Final = (
    "on a Mac: brew install livekit; else: curl -sSL https://get.livekit.io | bash; "
    "or with Go: go install github.com/livekit/livekit-server/cmd/server@latest"
)


class Local(NamedTuple):
    """A running server, and its one key."""

    url: str
    api_key: str
    api_secret: str

    @property
    def environment(self) -> dict[str, str]:
        """The settings of a process that shall use it."""
        return {
            "DUOLOGUE_LIVEKIT_URL": self.url,
            "DUOLOGUE_LIVEKIT_API_KEY": self.api_key,
            "DUOLOGUE_LIVEKIT_API_SECRET": self.api_secret,
        }


def find() -> str:
    """Where the program is; an error says how to get it."""
    found = shutil.which(PROGRAM)
    if found is None:
        raise DuologueError("livekit_server_missing", program=PROGRAM, install=INSTALL)
    return found


@contextmanager
def server(*, port: int = 0, secret: str = "") -> Iterator[Local]:
    """Runs a server on loopback until the block ends, or this process does, in whatever way."""
    program = find()
    secret = secret or secrets.token_hex(16)  # 32 characters: shorter ones are warned of
    with ExitStack() as running:
        for left in reversed(range(TRIES)):
            try:
                listen = running.enter_context(_listening(program, port, secret))
                break
            except DuologueError as error:
                if not left or TAKEN not in str(error):
                    raise
        yield Local(f"ws://127.0.0.1:{listen}", KEY, secret)


@contextmanager
def _listening(program: str, port: int, secret: str) -> Iterator[int]:
    """Runs a server on the port asked for or a free one, and gives the port."""
    listen, tcp, udp = _free_ports(port)
    with (
        tempfile.TemporaryDirectory(prefix="duologue-livekit-") as folder,
        (Path(folder) / "log").open("w+b") as log,
    ):
        config = Path(folder) / "livekit.yaml"
        config.touch(mode=0o600)
        config.write_text(_config(secret, listen, tcp, udp))
        keeper = subprocess.Popen(  # noqa: S603 - our own module
            [sys.executable, "-m", "duologue.cli.livekit", program, str(config)],
            stdin=subprocess.PIPE,
            stdout=log,
            stderr=log,
            # A terminal's Ctrl-C goes to us alone: agents say goodbye in their rooms first.
            start_new_session=True,
        )
        try:
            _await_listening(keeper, listen, secret, log)
            yield listen
        finally:
            _close(keeper)


def _config(secret: str, listen: int, tcp: int, udp: int) -> str:
    """A configuration that no other machine reaches, but for an unused fallback port."""
    loopback = "lo0" if sys.platform == "darwin" else "lo"
    return f"""\
port: {listen}
bind_addresses: [127.0.0.1]
keys: {{{KEY}: "{secret}"}}
logging: {{level: warn}}
rtc:
  node_ip: 127.0.0.1
  use_external_ip: false
  enable_loopback_candidate: true
  interfaces: {{includes: [{loopback}]}}
  tcp_port: {tcp}
  udp_port: {udp}
"""


def _free_ports(port: int) -> tuple[int, int, int]:
    """The port asked for or a free one, and two more."""
    with (
        socket.create_server(("127.0.0.1", port)) as first,
        socket.create_server(("", 0)) as second,  # the server takes this one at all addresses
        socket.socket(type=socket.SOCK_DGRAM) as third,
    ):
        third.bind(("127.0.0.1", 0))
        found = [each.getsockname()[1] for each in (first, second, third)]
        return found[0], found[1], found[2]


def _await_listening(
    keeper: subprocess.Popen[bytes], port: int, secret: str, log: IO[bytes]
) -> None:
    end = time.monotonic() + START
    while time.monotonic() < end:
        if keeper.poll() is not None:
            log.seek(0)  # open still, though the keeper cleared its folder away
            words = log.read().decode(errors="replace").strip().splitlines()
            raise DuologueError(
                "livekit_server_failed", reason=words[-1] if words else "it said nothing"
            )
        if _answers(port, secret):
            return
        time.sleep(0.05)
    raise DuologueError("livekit_server_failed", reason=f"it does not listen after {START:g} s")


def _answers(port: int, secret: str) -> bool:
    """Whether our server listens: another that was faster to take the port knows no such secret."""
    may = {"iss": KEY, "exp": int(time.time()) + 60, "video": {"roomList": True}}
    token = sign(json.dumps(may).encode(), secret)
    headers = {"authorization": f"Bearer {token}", "content-type": "application/json"}
    line = HTTPConnection("127.0.0.1", port, timeout=1)
    try:
        line.request("POST", "/twirp/livekit.RoomService/ListRooms", "{}", headers)
        return line.getresponse().status == HTTPStatus.OK
    except (OSError, HTTPException):
        return False
    finally:
        line.close()


def _close(keeper: subprocess.Popen[bytes]) -> None:
    """Lets the keeper end the server, and waits for both."""
    if keeper.stdin is not None:
        keeper.stdin.close()
    try:
        keeper.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        keeper.kill()
        keeper.wait()


def keep(program: str, config: str) -> int:
    """Runs the server until it ends by itself, or our input closes."""
    command = [program, "--config", config]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - found on the PATH
    threading.Thread(target=_end_with_input, args=(process,), daemon=True).start()
    code = process.wait()
    shutil.rmtree(Path(config).parent, ignore_errors=True)  # it holds the secret
    return code


def _end_with_input(process: subprocess.Popen[bytes]) -> None:
    while os.read(sys.stdin.fileno(), 1):
        pass
    process.terminate()
    # It would wait for everybody to leave their rooms, and nobody can be told to.
    time.sleep(GRACE)
    process.kill()


if __name__ == "__main__":
    sys.exit(keep(*sys.argv[1:]))
