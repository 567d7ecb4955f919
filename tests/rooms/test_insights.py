"""A worker of livekit-agents, unmodified, with one environment variable: its session is here."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from livekit import rtc
from tests.pipeline.test_opus import PLAYED, heard, pitch
from tests.rooms.livekit import LiveKit
from tests.rooms.livekit import server as livekit_server
from tests.rooms.stub import Tone, fresh, until
from tests.serving import House

from duologue.cli import livekit as local
from duologue.testing.models import CHARACTER

PATIENCE = 120.0
ROOT = Path(__file__).parents[2]
STATE = "lk.agent.state"
VOICE, GUEST = 330, 440
"""Hertz."""
RECORDS = "agents: {enable_user_data_recording: true}\n"
"""What LiveKit's cloud does for all, and a server of one's own when it is told to."""


@pytest.fixture(scope="module")
def recording() -> Iterator[LiveKit]:
    """A LiveKit server that has its workers record."""
    plain = local._config
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(local, "_config", lambda *given: plain(*given) + RECORDS)
        with livekit_server() as running:
            yield running


@contextmanager
def worker(livekit: LiveKit, url: str, log: Path) -> Iterator[None]:
    """Somebody else's worker, which waits for jobs; what it writes goes into `log`."""
    told = {
        "LIVEKIT_URL": livekit.url,
        "LIVEKIT_API_KEY": livekit.api_key,
        "LIVEKIT_API_SECRET": livekit.api_secret,
        "LIVEKIT_OBSERVABILITY_URL": url,
        "PYTHONPATH": str(ROOT),
    }
    command = [sys.executable, "-m", "tests.rooms.foreign_worker", "start"]
    with log.open("w") as out:
        process = subprocess.Popen(
            command, env=os.environ | told, stdout=out, stderr=out, cwd=log.parent
        )
        try:
            late = time.monotonic() + PATIENCE
            while "registered worker" not in log.read_text():
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < late, log.read_text()
                time.sleep(0.1)
            yield
        finally:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


class Guest:
    """Somebody at the table: speaks, and waits for the answer."""

    def __init__(self, room: rtc.Room, tone: Tone) -> None:
        self._room = room
        self._tone = tone
        self._states: list[str] = []
        room.on("participant_attributes_changed", self._changed)

    @property
    def state(self) -> str:
        """What the agent does."""
        states = [one.attributes.get(STATE, "") for one in self._room.remote_participants.values()]
        return "".join(states)

    async def speak(self) -> None:
        """Says something, and hears the answer to its end."""
        await until(lambda: self.state == "listening", PATIENCE)
        self._states.clear()
        self._tone.speak(1.0)
        await until(lambda: "speaking" in self._states, PATIENCE)
        await until(lambda: self.state == "listening", PATIENCE)

    def _changed(self, changed: dict[str, str], who: rtc.Participant) -> None:
        self._states.append(changed.get(STATE, ""))


@asynccontextmanager
async def guest(livekit: LiveKit, name: str) -> Any:
    """A guest in a room to which the waiter is called."""
    room, tone = rtc.Room(), Tone()
    source = rtc.AudioSource(tone.rate, 1)
    await room.connect(livekit.url, livekit.token(name, "ann", ("waiter", "")))

    async def talk() -> None:
        async for pcm in tone:
            await source.capture_frame(rtc.AudioFrame(pcm, tone.rate, 1, len(pcm) // 2))

    talking = asyncio.create_task(talk())
    try:
        track = rtc.LocalAudioTrack.create_audio_track("microphone", source)
        options = rtc.TrackPublishOptions(source=rtc.TrackSource.SOURCE_MICROPHONE)
        await room.local_participant.publish_track(track, options)
        yield Guest(room, tone)
    finally:
        await tone.aclose()
        await talking
        await room.disconnect()
        await source.aclose()


async def found(house: House, key: str, true: Callable[[dict[str, Any]], Any]) -> dict[str, Any]:
    """The run of the waiter, once it is as it should be."""
    headers = {"x-api-key": key}
    last: dict[str, Any] = {}
    async with httpx.AsyncClient(base_url=house.url, headers=headers, timeout=30) as asked:
        late = time.monotonic() + PATIENCE
        while time.monotonic() < late:
            listed = (await asked.get("/v1/traces", params={"agent": "waiter"})).json()["items"]
            if listed:
                last = (await asked.get(f"/v1/traces/{listed[0]['id']}")).json()
                if true(last):
                    assert len(listed) == 1
                    return last
            await asyncio.sleep(0.25)
    raise AssertionError(f"the run is {last}\n{house.log}")


def sounding(side: Any, hertz: float) -> float:
    """The seconds in which one side of a recording is this tone, and nothing louder."""
    step = PLAYED // 10
    pieces = [side[at : at + step] for at in range(0, len(side) - step, step)]
    return sum(abs(pitch(piece) - hertz) < 15 for piece in pieces) / 10


async def test_a_session_of_any_worker_appears_with_turns_lines_and_sound(
    tmp_path: Path, recording: LiveKit
) -> None:
    """Nothing is changed in the worker; it finds us by LIVEKIT_OBSERVABILITY_URL."""
    name = fresh()
    with House(tmp_path / "data", **recording.settings) as house:
        key = house.secret_key()
        with worker(recording, house.url, tmp_path / "worker.log"):
            async with guest(recording, name) as ann:
                await ann.speak()
                live = await found(house, key, lambda run: run["turns"])
                assert (live["status"], live["ended_at"]) == ("active", None)
                assert live["turn_list"][0]["user_text"] == "a table for two please"
                await ann.speak()

            def whole(run: dict[str, Any]) -> bool:
                over = run["status"] == "complete" and run["outcome"]
                return bool(over and run["has_recording"] and run["turns"] == 2)

            run = await found(house, key, whole)
        (sound,) = run["recordings"]
        path = f"{house.url}/v1/traces/{run['id']}/recordings/{sound['id']}"
        async with httpx.AsyncClient(headers={"x-api-key": key}, timeout=30) as asked:
            answer = (await asked.get(path)).raise_for_status()
        log = (tmp_path / "worker.log").read_text()
        assert "failed to upload" not in log
        assert "Failed to export" not in log

    assert (run["source"], run["room"], run["transport"]) == ("insights", name, "livekit")
    assert (run["outcome"], "lunch" in run["tags"]) == ("success", True)
    assert run["reason"] == "participant_disconnected"
    assert {each["type"] for each in run["usage"]} == {"llm_usage", "tts_usage"}

    first, second = run["turn_list"]
    assert (first["user_text"], first["agent_text"]) == ("a table for two please", "Done, for two.")
    assert (second["user_text"], second["agent_text"]) == ("that is all", "Good bye.")
    assert (first["tools"], second["tools"]) == (1, 0)
    for turn in (first, second):
        assert turn["spoken"]
        assert turn["e2e_ms"] >= turn["eou_ms"] >= 500  # the wait that AgentSession has of itself
        assert None not in (turn["stt_ms"], turn["llm_ms"], turn["tts_ms"])
        assert turn["input_tokens"] > 0

    booked = [each for each in run["logs"] if each["logger"] == "booking"]
    assert [(each["text"], each["level"]) for each in booked] == [("booking for 2", "warning")]
    kinds = {span["kind"] for span in run["spans"]}
    assert kinds >= {"session", "user_turn", "assistant_turn", "llm", "tts", "tool", "speech"}

    (file,) = (tmp_path / "data" / "recordings").iterdir()
    assert file.name.startswith(run["id"].removeprefix("run_"))
    assert (sound["state"], sound["bytes"]) == ("complete", file.stat().st_size)
    assert answer.headers["content-type"] == "audio/ogg"
    assert sound["duration_ms"] > 3000
    fetched = tmp_path / "fetched.ogg"
    fetched.write_bytes(answer.content)
    user, agent = heard(fetched)
    said = len("Done, for two.") + len("Good bye.")
    assert sounding(agent, VOICE) == pytest.approx(said * CHARACTER, abs=0.4)
    assert sounding(user, GUEST) == pytest.approx(2.0, abs=0.4)
    assert sounding(agent, GUEST) == sounding(user, VOICE) == 0
