"""`duologue call` as people run it: typed, piped, spoken, at a microphone, at a terminal."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import subprocess
import sys
import threading
import time
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import Self

import pytest
import typer
from tests.cli.conftest import Shell
from tests.serving import COMMAND, House

from duologue.cli import call
from duologue.client.errors import TokenSourceError
from duologue.testing import speech

PATIENCE = 90.0
AGENTS = '''
import asyncio
from livekit.agents import Agent, function_tool

import duologue
from duologue.agents.voices.scripted import Call
from duologue.testing.models import RulerTTS, ScriptedAnswers, ScriptedSTT


class Leaving(Agent):
    """Hangs up as soon as it is spoken to."""

    def __init__(self):
        super().__init__(instructions="Leave.")

    @function_tool
    async def leave(self):
        """Leaves."""
        duologue.current().end(say="Goodbye!")


@duologue.agent("talker", greeting="Hello there.", tts=RulerTTS, llm=lambda: ScriptedAnswers())
def talker():
    return Agent(instructions="Repeat.")


@duologue.agent("shy", greeting="", tts=RulerTTS, llm=lambda: ScriptedAnswers())
def shy():
    return Agent(instructions="Repeat.")


@duologue.agent(
    "leaving", greeting="Hello.", tts=RulerTTS,
    llm=lambda: ScriptedAnswers([[Call("leave", {})], "Bye."]),
)
def leaving():
    return Leaving()


@duologue.agent("dumb", greeting="", tts=RulerTTS, llm=lambda: ScriptedAnswers([""]))
def dumb():
    return Agent(instructions="Say nothing.")


@duologue.agent(
    "echo", greeting="One two three four five six seven.", llm=lambda: ScriptedAnswers(["I see."]),
    stt=lambda: ScriptedSTT(["It heard itself."] * 9),
)
def echo():
    return Agent(instructions="Hear.")


@duologue.agent(
    "hearing", greeting="", tts=RulerTTS, llm=lambda: ScriptedAnswers(),
    stt=lambda: ScriptedSTT(["Good morning.", "Good night."]),
)
def hearing():
    return Agent(instructions="Hear.")


@duologue.agent(
    "button", greeting="", turns={"trigger": "push_to_talk"}, tts=RulerTTS,
    llm=lambda: ScriptedAnswers(), stt=lambda: ScriptedSTT(["Good morning."]),
)
def button():
    return Agent(instructions="Wait for the button.")
'''
ROOM = '''
"""A machine whose microphone stands beside its loudspeaker."""

import threading
import time
from collections import deque

heard = deque()


class PortAudioError(Exception):
    pass


def query_devices(device, kind):
    return {"default_samplerate": 16000.0}


class _Stream:
    latency = 0.0

    def __init__(self, *, blocksize, callback, **_):
        self.size, self.callback, self.open = blocksize * 2, callback, True

    def start(self):
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        due = time.monotonic()
        while self.open:
            self.block()
            due += self.size / 32000
            time.sleep(max(0, due - time.monotonic()))

    def abort(self):
        self.open = False

    def close(self):
        self.open = False


class RawInputStream(_Stream):
    def block(self):
        pcm = heard.popleft() if heard else bytes(self.size)
        self.callback(pcm, len(pcm) // 2, None, None)


class RawOutputStream(_Stream):
    def block(self):
        out = bytearray(self.size)
        self.callback(memoryview(out), self.size // 2, None, None)
        heard.append(bytes(out))
'''


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server of this machine with agents whose words are known."""
    folder = tmp_path_factory.mktemp("called")
    file = folder / "agents.py"
    file.write_text(AGENTS)
    with House(folder / "data", file, mode="dev") as running:
        yield running


@pytest.fixture
def room(tmp_path: Path) -> Path:
    """A folder that stands for a machine with sound, of which each side hears the other."""
    folder = tmp_path / "room"
    folder.mkdir()
    (folder / "sounddevice.py").write_text(ROOM)
    return folder


# A program that was started in the background is deaf to Ctrl-C, and so are its children.
AT_TERMINAL = (
    "import os, sys, signal as s; s.signal(2, s.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
)


class Line:
    """A call in a process of its own, whose input is a pipe or a terminal."""

    def __init__(
        self, house: House, *arguments: str, room: Path | None = None, terminal: bool = False
    ) -> None:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("DUOLOGUE_")}
        environment |= {"TERM": "xterm", "COLUMNS": "120", "PYTHONPATH": str(room or "")}
        hand, seat = pty.openpty() if terminal else os.pipe()[::-1]
        self._hand: int | None = hand
        self._process = subprocess.Popen(
            [sys.executable, "-c", AT_TERMINAL, COMMAND, "call", *arguments, "--url", house.url],
            stdin=seat,
            stdout=seat if terminal else subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=environment,
            start_new_session=True,
        )
        os.close(seat)
        out = self._process.stdout
        self._source = hand if terminal or out is None else out.fileno()
        self._shown = b""
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.wait()
        self._reader.join()
        if self._hand is not None:
            os.close(self._hand)
        if self._process.stdout is not None:
            self._process.stdout.close()

    @property
    def shown(self) -> str:
        """Everything that was shown so far, without a terminal's own signs."""
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self._shown.decode(errors="replace"))

    def type(self, text: str) -> None:
        """Types, or writes into the pipe."""
        assert self._hand is not None
        os.write(self._hand, text.encode())

    def until(self, words: str) -> None:
        """Waits until something is shown."""
        end = time.monotonic() + PATIENCE
        while words not in self.shown:
            assert time.monotonic() < end, f"waited for {words!r}; there is:\n{self.shown}"
            assert self._process.poll() is None or words in self.shown, self.shown
            time.sleep(0.05)

    def interrupt(self) -> None:
        """Presses Ctrl-C."""
        self._process.send_signal(signal.SIGINT)

    def hang_up(self) -> None:
        """Ends the input."""
        if self._hand is not None:
            os.close(self._hand)
            self._hand = None

    def end(self) -> int:
        """The exit code, once the call is over."""
        code = self._process.wait(PATIENCE)
        self._reader.join(PATIENCE)
        return code

    def _read(self) -> None:
        while True:
            try:
                piece = os.read(self._source, 65536)
            except OSError:  # a terminal that nobody sits at any more
                return
            if not piece:
                return
            self._shown += piece


# ---------------------------------------------------------------- written


def test_lines_of_a_pipe_wait_for_the_answer_before(house: House) -> None:
    """Each line is answered in turn, with the wait behind it, and the end hangs up."""
    with Line(house, "talker", "--text") as line:
        line.type("Good day.\nHow are you?")
        line.hang_up()
        assert line.end() == 0
        shown = re.sub(r"\d+\.\d\d s", "N s", line.shown).splitlines()
        assert re.fullmatch(r"Connected to talker over websocket \(conv_\w+\)\.", shown[0])
        assert shown[1:] == [
            "talker  Hello there.",
            "you     Good day.",
            "talker  You said: Good day.  (N s)",
            "you     How are you?",
            "talker  You said: How are you?  (N s)",
            "The call is over. 2 answers, heard after N s (median), N s at most.",
        ]


def test_a_program_gets_one_line_of_json_and_a_recording(house: House, tmp_path: Path) -> None:
    """With --say and --text the words are written; the file holds the answers alone."""
    file = tmp_path / "answer.wav"
    with Line(
        house, "talker", "--text", "--say", "Good day.", "--record", str(file), "--json"
    ) as line:
        assert line.end() == 0
        told = json.loads(line.shown)
        assert told["transport"] == "websocket"
        assert told["recorded"] == str(file)
        assert [(each["role"], each["text"]) for each in told["messages"]] == [
            ("agent", "Hello there."), ("user", "Good day."), ("agent", "You said: Good day."),
        ]  # fmt: skip
        assert told["latencies"] == [told["messages"][-1]["latency"]]
        with wave.open(str(file)) as heard:  # 0.06 s for each letter of the answer
            assert heard.getnframes() / heard.getframerate() == pytest.approx(19 * 0.06, abs=0.2)


def test_an_agent_that_hangs_up_ends_the_call_well(house: House) -> None:
    """It is said, the rest of the lines is not waited for, and the exit code is 0."""
    with Line(house, "leaving", "--text") as line:
        line.type("Bye.\nAnybody there?\n")
        assert line.end() == 0
        assert line.shown.index("Goodbye!") < line.shown.index("leaving hung up.")
        assert "Anybody" not in line.shown


def test_an_answer_that_does_not_come_is_an_error(house: House) -> None:
    """One sentence, and exit code 1."""
    with Line(house, "dumb", "--text", "--say", "Hm?", "--timeout", "1") as line:
        assert line.end() == 1
        assert line.shown.splitlines()[-1] == "The agent's answer did not happen within 1 s."


def test_at_a_terminal_typing_may_interrupt(house: House) -> None:
    """What is typed is not shown twice; Enter alone silences the agent; Ctrl-D hangs up."""
    with Line(house, "shy", "--text", terminal=True) as line:
        line.until("Ctrl-D hangs up.")
        line.type("Good day, and a very long text that takes its time to be said.\n")
        line.until("You said: Good day")
        line.until("speaking")
        line.type("\n")
        line.until("said. —")
        line.type("\x04")
        line.until("The call is over.")
        assert line.end() == 0
        assert "you     Good day" not in line.shown


# ---------------------------------------------------------------- spoken


@pytest.mark.voice
def test_words_are_spoken_by_a_synthetic_voice(house: House) -> None:
    """The agent hears them, and the wait begins at their last sound."""
    with Line(house, "hearing", "--say", "Good morning.", "--say", "Good night.", "--json") as line:
        assert line.end() == 0
        told = json.loads(line.shown)
        assert [(each["role"], each["text"]) for each in told["messages"]] == [
            ("user", "Good morning."), ("agent", "You said: Good morning."),
            ("user", "Good night."), ("agent", "You said: Good night."),
        ]  # fmt: skip
        assert len(told["latencies"]) == 2
        assert all(each > 0.2 for each in told["latencies"])  # the silence that ends a word


@pytest.mark.voice
def test_with_a_push_to_talk_agent_words_hold_the_button(house: House) -> None:
    """It answers when the last of them was said."""
    with Line(house, "button", "--say", "Good morning.", "--json") as line:
        assert line.end() == 0
        assert [each["text"] for each in json.loads(line.shown)["messages"]] == [
            "Good morning.", "You said: Good morning.",
        ]  # fmt: skip


@pytest.mark.voice
def test_beside_its_loudspeaker_a_microphone_does_not_hear_the_agent(
    house: House, room: Path
) -> None:
    """The agent says all of it, to nobody; a written line is sent; Ctrl-C hangs up with 0."""
    with Line(house, "echo", room=room, terminal=True) as line:
        line.until("Ctrl-C hangs up.")
        line.until("closed")  # the microphone, on the line of the meters
        line.until("echo  One two three four five six seven.")
        line.type("Good day.\n")
        line.until("echo  I see.")
        line.interrupt()
        line.until("The call is over.")
        assert line.end() == 0
        assert "█" in line.shown  # the agent was loud
        assert "It heard itself." not in line.shown


@pytest.mark.voice
def test_with_headphones_the_microphone_stays_open(house: House, room: Path) -> None:
    """So beside a loudspeaker the agent hears itself; a recording may be made as well."""
    file = room / "agent.wav"
    with Line(house, "echo", "--headphones", "--record", str(file), room=room) as line:
        line.until("you   It heard itself.")
        line.interrupt()
        assert line.end() == 0
        with wave.open(str(file)) as heard:
            assert speech.energy(heard.readframes(heard.getnframes())) > speech.AUDIBLE


def test_a_device_that_is_taken_away_ends_the_call(house: House, room: Path) -> None:
    """With a sentence of what happened, and exit code 1."""
    (room / "sounddevice.py").write_text(
        ROOM
        + "\n\ndef fail(self):\n    raise PortAudioError('unplugged')\n\n\n_Stream.start = fail\n"
    )
    with Line(house, "shy", room=room) as line:
        assert line.end() == 1
        assert "unplugged" in line.shown.splitlines()[-1]
        assert "Traceback" not in line.shown


# ---------------------------------------------------------------- what is wrong


def test_without_sound_the_call_says_what_to_install_and_that_one_can_type(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anybody is called."""
    monkeypatch.setitem(sys.modules, "sounddevice", None)
    answer = shell("call", "talker", "--url", "http://127.0.0.1:1")
    assert answer.code == 1
    assert "pip install sounddevice" in answer.err
    assert answer.err.endswith("Or type: duologue call talker --text\n")
    assert answer.err.count("\n") == 1


def test_an_agent_that_nobody_knows_is_said_in_the_servers_words(
    house: House, shell: Shell
) -> None:
    """With those that it knows; as JSON for programs."""
    answer = shell("call", "nobody", "--url", house.url, "--text", "--say", "Hm?")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err.startswith("There is no agent 'nobody'. Known: ")
    assert answer.err.count("\n") == 1
    as_json = shell("call", "nobody", "--url", house.url, "--text", "--say", "Hm?", "--json")
    assert json.loads(as_json.err)["code"] == "session"


def test_a_server_that_is_away_is_named(shell: Shell) -> None:
    """The default is the one that the settings of this folder describe."""
    (shell.folder / "duologue.toml").write_text('host = "0.0.0.0"\nport = 1\n')
    answer = shell("call", "talker", "--text", "--say", "Hm?")
    assert answer.code == 1
    assert answer.err.startswith("Nobody answers at http://127.0.0.1:1/api/token: ")
    assert "duologue dev" in answer.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--url", "ftp://x"), "begins with http:// or https://, not 'ftp://x'"),
        (("--key", "env:NOT_THERE"), "there is no NOT_THERE in the environment"),
        (("--key", "file:not-there"), "No such file"),
        (("--say", " "), "--say needs words"),
        (("--transport", "pigeon"), "'livekit', 'websocket'"),
    ],
)
def test_what_was_wrongly_called_is_named(
    shell: Shell, arguments: tuple[str, ...], words: str
) -> None:
    """In a line, with exit code 2."""
    answer = shell("call", "talker", *arguments)
    assert answer.code == 2
    assert words in answer.err


def test_a_recording_that_cannot_be_written_is_known_before_the_call(shell: Shell) -> None:
    """The path and the reason are named."""
    answer = shell("call", "talker", "--text", "--say", "Hm?", "--record", "no/where.wav")
    assert answer.code == 1
    assert answer.err == "no/where.wav cannot be written: No such file or directory.\n"


def test_transport_livekit_of_a_server_without_rooms_is_refused(house: House, shell: Shell) -> None:
    """In the server's own words."""
    answer = shell("call", "shy", "--url", house.url, "--text", "--transport", "livekit")
    assert answer.code == 1
    assert answer.err.startswith("This server knows no LiveKit, so it has no rooms.")


@pytest.mark.parametrize(
    ("given", "door"),
    [
        ("localhost:8787", "http://localhost:8787/api/token"),
        ("wss://talk.example/", "https://talk.example/api/token"),
        ("https://app.example/livekit/token?x=1", "https://app.example/livekit/token?x=1"),
    ],
)
def test_an_address_is_a_server_or_an_endpoint(given: str, door: str) -> None:
    """One with a path is asked as it stands."""
    assert call.endpoint(given) == door


def test_a_key_stays_out_of_the_command_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is taken from the environment or a file; given as it is, it is taken, too."""
    monkeypatch.setenv("TALK_KEY", "dk_secret_1")
    file = tmp_path / "key"
    file.write_text("dk_secret_2\n")
    assert call.secret("env:TALK_KEY") == "dk_secret_1"
    assert call.secret(f"file:{file}") == "dk_secret_2"
    assert call.secret("dk_secret_3") == "dk_secret_3"
    with pytest.raises(typer.BadParameter):
        call.secret(f"file:{tmp_path}")


def test_who_has_no_key_is_told_where_it_goes() -> None:
    """An answer that is no JSON of ours is shown as it came."""
    said = '{"error": "No key was given.", "code": "key_missing"}'
    missing = TokenSourceError("it refused", url="x", status=401, body=said)
    assert call.reason(missing, "x", key="") == "No key was given. A call takes it as --key."
    assert call.reason(missing, "x", key="dk_secret_1") == "No key was given."
    foreign = TokenSourceError("it refused", url="x", status=500, body="<h1>Oops</h1>")
    assert call.reason(foreign, "x", key="").endswith("It answered 500: <h1>Oops</h1>")
