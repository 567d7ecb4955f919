"""What a script pays for: the names come without the server, and LiveKit only with a room."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

HEAVY = {
    "litestar",
    "livekit",
    "numpy",
    "httpx",
    "sqlalchemy",
    "alembic",
    "structlog",
    "typer",
    "uvicorn",
    "opentelemetry",
    "websockets",
    "sounddevice",
    "soxr",
}


def loaded(code: str) -> set[str]:
    """The outermost names of all modules that this code loads, in a fresh interpreter."""
    shown = f"{code}\nimport json, sys\nprint(json.dumps(sorted(sys.modules)))"
    command = [sys.executable, "-I", "-c", shown]
    out = subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout
    return {name.partition(".")[0] for name in json.loads(out)}


@pytest.mark.parametrize(
    "code",
    [
        "import duologue",
        "from duologue import Session, TokenSource, SessionError",
        "from duologue import Session as S, TokenSource as T; S(T.endpoint('http://h/'))",
        "from duologue import LiveKitSession, load_session; LiveKitSession('desk', 'http://h')",
    ],
)
def test_a_session_is_made_without_any_heavy_package(code: str) -> None:
    """Neither the server's packages nor LiveKit, numpy or httpx before they are needed."""
    assert not loaded(code) & HEAVY


def test_a_room_needs_no_package_of_the_server() -> None:
    """What travels a room is LiveKit's client, and nothing of agents."""
    names = loaded("import duologue.client.room, duologue.client.socket, duologue.client.media")
    assert not names & (HEAVY - {"livekit", "numpy", "httpx", "websockets"})
    agents = "import duologue.client.room, sys\nassert 'livekit.agents' not in sys.modules"
    assert "duologue" in loaded(agents)


def test_a_command_of_the_shell_waits_for_no_agents() -> None:
    """LiveKit's agents take two seconds to load; only what runs agents needs them."""
    assert not loaded("import duologue.cli.app") & {"livekit", "litestar", "uvicorn", "alembic"}


def test_every_public_name_is_there() -> None:
    """Each name of the package can be imported, and is listed once."""
    import duologue

    assert len(set(duologue.__all__)) == len(duologue.__all__)
    for name in duologue.__all__:
        assert getattr(duologue, name) is not None
