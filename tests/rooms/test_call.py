"""`duologue call` into a room: the same call, over WebRTC, at duologue and at a token endpoint."""

from __future__ import annotations

import json
import subprocess
import wave
from pathlib import Path

from tests.rooms.livekit import LiveKit
from tests.serving import COMMAND, House

from duologue.testing import speech

PATIENCE = 240.0


def test_a_spoken_call_in_a_room_is_heard_and_recorded(tmp_path: Path, livekit: LiveKit) -> None:
    """With `auto` a server that has rooms answers with one; the file holds the agent's voice."""
    file = tmp_path / "answer.wav"
    with House(tmp_path / "data", mode="dev", **livekit.settings) as house:
        done = subprocess.run(
            [
                COMMAND, "call", "demo", "--url", house.url, "--json",
                "--say", "I'd like to book a table.", "--record", str(file),
            ],
            capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["transport"] == "livekit"
    assert told["conversation_id"].startswith("conv_")
    assert [each["role"] for each in told["messages"]][-2:] == ["user", "agent"]
    assert "how many people" in told["messages"][-1]["text"].lower()
    assert len(told["latencies"]) == 1
    with wave.open(str(file)) as heard:
        assert speech.energy(heard.readframes(heard.getnframes())) > speech.AUDIBLE


def test_a_stock_token_endpoint_is_asked_as_it_stands(tmp_path: Path, livekit: LiveKit) -> None:
    """Any address with a path; what is piped in is answered line by line."""
    with House(tmp_path / "data", mode="dev", **livekit.settings) as house:
        door = f"{house.url}/api/v2/sandbox/connection-details"
        done = subprocess.run(
            [COMMAND, "call", "demo", "--url", door, "--transport", "livekit", "--text"],
            input="I'd like to book a table.\nFor two people.\n",
            capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    shown = done.stdout.splitlines()
    assert shown[0].startswith("Connected to demo over livekit (")
    # On a busy machine the first words may come before a greeting, which is then cut.
    asked = shown.index("you   I'd like to book a table.")
    assert shown[asked + 1].startswith("demo  With pleasure. For how many people?  (")
    assert shown[asked + 2] == "you   For two people."
    assert shown[asked + 3].startswith("demo  Good. For which day?  (")
    assert shown[asked + 4].startswith("The call is over. 2 answers, heard after ")


def test_words_hold_the_button_of_a_push_to_talk_agent(tmp_path: Path, livekit: LiveKit) -> None:
    """They are whole: the microphone is muted behind the last of them, not within."""
    with House(tmp_path / "data", mode="dev", **livekit.settings) as house:
        done = subprocess.run(
            [
                COMMAND, "call", "demo-ptt", "--url", house.url, "--json",
                "--say", "I'd like to book a table.", "--say", "For two people.",
            ],
            capture_output=True, text=True, timeout=PATIENCE, check=False,
        )  # fmt: skip
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told["transport"] == "livekit"
    said = [each["text"].lower() for each in told["messages"] if each["role"] == "user"]
    assert [words.rstrip(".") for words in said] == ["i'd like to book a table", "for two people"]
    assert [each["interrupted"] for each in told["messages"]] == [False] * len(told["messages"])
    assert "for which day" in told["messages"][-1]["text"].lower()
