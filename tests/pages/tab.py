"""The talk page as a person has it before them, and what its line carried."""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from tests.conformance.browser import PATIENCE, Browser, Frame

SETTLED = """Promise.race([new Promise(done => setTimeout(done, 2000)),
  new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))])
  .then(() => Promise.all(document.getAnimations()
  .filter(one => one.effect.getComputedTiming().endTime !== Infinity)
  .map(one => one.finished.catch(() => {})))).then(() => null)"""
"""Two frames on, for what listens to the scheme, and when nothing glides any more."""
NETWORK = (
    r"error: Failed to load resource: .*",
    r"error: WebSocket connection to .* failed: .*",
)
"""What a browser itself writes when a line breaks; no page can keep it from doing so."""

WIDGET = "document.querySelector('#widget').shadowRoot"
"""The inside of the widget that is the conversation of the page at `/`."""

HOP = 160
"""Samples of the microphone that are taken together: 10 ms."""
LOUD = 0.02
"""Of full scale: no noise of a quiet room comes so far."""


class Said(NamedTuple):
    """One line of the transcript."""

    role: str
    text: str
    moving: bool
    interrupted: bool


class Played(NamedTuple):
    """How far a turn had left the loudspeaker, as the page told the server."""

    turn: str
    ms: float
    frame: int
    """Which frame of the page told it."""


class Tab:
    """One tab with the talk page."""

    def __init__(self, browser: Browser, url: str, **given: object) -> None:
        self.browser = browser
        self.number = int(browser.ask("open", url=url, **given))
        self.closed = False
        self.expected: list[str] = []
        """Patterns of what this tab's console may say; nothing else."""

    # ---------------------------------------------------------------- what it shows

    @property
    def state(self) -> str:
        """The line that says what is going on."""
        return self.inside(".state")

    @property
    def buttons(self) -> list[str]:
        """The names of the buttons of the call that can be seen, in their order."""
        found = f"[...{WIDGET}.querySelectorAll('[data-button]')]"
        shown = f"{found}.filter(one => one.checkVisibility()).map(one => one.dataset.button)"
        return list(self.run(shown))

    @property
    def transcript(self) -> list[Said]:
        """What was said, from the top."""
        rows = self.run(
            f"""[...{WIDGET}.querySelectorAll('.said')].map(one => [one.dataset.role,
            one.querySelector('.words').textContent, 'moving' in one.dataset,
            'interrupted' in one.dataset])"""
        )
        return [Said(*row) for row in rows]

    @property
    def notices(self) -> list[str]:
        """The short words that the widget shows for a while."""
        found = f"[...{WIDGET}.querySelectorAll('.notice p')].map(one => one.textContent)"
        return list(self.run(found))

    @property
    def focused(self) -> str:
        """What has the focus: the name of a button, a class within the widget, an id, or a tag."""
        return str(
            self.run(
                """(one => one.dataset.button ?? (one.id || (one.getRootNode() === document
                ? '' : one.classList[0]) || one.tagName))(document.activeElement
                .shadowRoot?.activeElement ?? document.activeElement)"""
            )
        )

    def inside(self, selector: str) -> str:
        """The text of an element of the widget; of a hidden one nothing."""
        shown = "(one => one?.checkVisibility() ? one.textContent.trim() : '')"
        return str(self.run(f"({shown})({WIDGET}.querySelector({selector!r}))"))

    def sees(self, selector: str) -> bool:
        """Whether an element of the widget can be seen."""
        return bool(self.run(f"{WIDGET}.querySelector({selector!r})?.checkVisibility() ?? false"))

    def text(self, selector: str) -> str:
        """The text of an element as it is shown; of a hidden one nothing."""
        return str(self.run(f"document.querySelector({selector!r}).innerText.trim()"))

    def shows(self, selector: str) -> bool:
        """Whether an element can be seen."""
        return bool(self.run(f"document.querySelector({selector!r})?.checkVisibility() ?? false"))

    def violations(self) -> list[str]:
        """What axe-core finds wrong with the page as it is now, in light and in dark."""
        found = []
        for scheme in ("dark", "light"):
            self.ask("look", scheme=scheme)
            self.run(SETTLED)
            found += [f"{scheme}: {one}" for one in self.ask("axe")]
        return found

    def shoot(self, path: Path) -> None:
        """A picture of what can be seen, once nothing glides any more."""
        self.run(SETTLED)
        self.ask("screenshot", path=str(path))

    # ---------------------------------------------------------------- what a person does

    def click(self, name: str) -> None:
        """Clicks the element of this id."""
        self.ask("click", selector=f"#{name}")

    def tap(self, name: str) -> None:
        """Clicks a button of the call, by its name."""
        self.ask("click", selector=f"#widget [data-button={name}]")

    def type(self, text: str) -> None:
        """Types a message and sends it."""
        self.ask("fill", selector="#widget .box", text=text)
        self.press("Enter")

    def press(self, key: str) -> None:
        """Presses a key once."""
        self.ask("press", key=key)

    def reload(self) -> None:
        """Loads the page anew."""
        self.ask("reload")

    def hold(self, *, down: bool) -> None:
        """Presses the mouse on the button that is held while one speaks, or lets it go."""
        self.ask("mouse", selector="#widget [data-button=hold]", down=down)

    def offline(self, *, is_so: bool) -> None:
        """Takes the network from the whole browser profile, or gives it back."""
        self.ask("offline", offline=is_so)

    def close(self) -> None:
        """Closes the tab."""
        self.closed = True
        self.ask("close")

    # ---------------------------------------------------------------- what happened

    @property
    def frames(self) -> list[Frame]:
        """Every frame of every socket that this tab had."""
        return [Frame(**frame) for frame in self.ask("frames")]

    def sent(self, kind: str) -> int:
        """How many frames of a type the page sent."""
        return sum(frame.way == "sent" and frame.type == kind for frame in self.frames)

    @property
    def played(self) -> list[Played]:
        """Every position that the page told, in order."""
        return [
            Played(str(frame.turn), json.loads(frame.text)["played_ms"], place)
            for place, frame in enumerate(self.frames)
            if frame.way == "sent" and frame.type == "client.played"
        ]

    def sound(self, turn: str = "") -> bytes:
        """The sound that came of a turn, or, of no turn, what the microphone sent."""
        return base64.b64decode(self.ask("sound", turn=turn))

    def voice_from(self) -> int | None:
        """The first sample of a voice in what the microphone sent; none while there is none."""
        sound = np.frombuffer(self.sound(), dtype="<i2").astype(np.float64) / 32768
        hops = sound[: len(sound) // HOP * HOP].reshape(-1, HOP)
        loud = np.flatnonzero(np.sqrt((hops**2).mean(axis=1)) > LOUD)
        return int(loud[0]) * HOP if loud.size else None

    @property
    def turns(self) -> list[str]:
        """The agent's turns of which sound came, in order."""
        came = [frame.turn for frame in self.frames if frame.way == "received"]
        spoken = [str(turn) for turn in came if turn is not None]
        return [turn for turn in dict.fromkeys(spoken) if self.sound(turn)]

    @property
    def unexpected(self) -> list[str]:
        """What the console says that it should not."""
        return [
            line
            for line in self.ask("console")
            if not any(re.fullmatch(pattern, line, re.DOTALL) for pattern in self.expected)
        ]

    # ---------------------------------------------------------------- waiting

    def reaches(self, state: str, timeout: float = PATIENCE) -> None:
        """Waits until the widget says this of itself."""
        said = f"{WIDGET}?.querySelector('.state')?.textContent"
        self.wait(f"{said} === {json.dumps(state)}", timeout)

    def sees_in_time(self, name: str) -> None:
        """Waits until a button of the call can be seen."""
        self.until(lambda: name in self.buttons, f"the button {name}")

    def wait(self, script: str, timeout: float = PATIENCE) -> None:
        """Waits until an expression is true in the page, and fails with what it shows instead."""
        try:
            self.ask("wait", script=script, timeout=timeout)
        except AssertionError as error:
            raise AssertionError(f"waited for {script}: {error}\n{self._shown()}") from None

    def until(self, true: Callable[[], bool], what: str, timeout: float = PATIENCE) -> None:
        """Waits until something is so, here or in the page."""
        end = time.monotonic() + timeout
        while not true():
            if time.monotonic() > end:
                raise AssertionError(f"waited for {what}\n{self._shown()}")
            time.sleep(0.05)

    def asks(self, text: str) -> str:
        """Types a message, and gives the agent's turn that answers it once its sound comes."""
        before = len(self.frames)
        self.type(text)

        def answer() -> str | None:
            new = [one for one in self.frames[before:] if one.turn is not None]
            said = [place for place, one in enumerate(new) if one.type == "user.transcript"]
            heard = [one.turn for one in new[said[0] :] if one.type == "binary"] if said else []
            return heard[0] if heard else None

        self.until(lambda: answer() is not None, f"an answer to {text!r}")
        return str(answer())

    def hears_out(self) -> None:
        """Waits until the agent's last turn was heard to its end, and the server knows it."""

        def over() -> bool:
            turns = self.turns
            ended = [one.turn for one in self.frames if one.type == "turn.end"]
            return bool(turns) and turns[-1] in ended

        self.until(over, "the end of what the agent says")

    def heard_of(self, turn: str) -> list[float]:
        """How far a turn had left the loudspeaker, each time that the page told it, in ms."""
        return [one.ms for one in self.played if one.turn == turn]

    def hears(self, word: str, role: str = "agent") -> Said:
        """Waits until somebody said a word to the end of their turn, and gives that turn."""

        def found() -> list[Said]:
            said = [one for one in self.transcript if one.role == role and not one.moving]
            return [one for one in said if word.lower() in one.text.lower()]

        self.until(lambda: bool(found()), f"{word!r} from the {role}")
        return found()[-1]

    def run(self, script: str) -> Any:
        """The value of an expression in the page."""
        return self.ask("run", script=script)

    def ask(self, what: str, **given: object) -> Any:
        """What the driver answers of this tab."""
        return self.browser.ask(what, page=self.number, **given)

    def _shown(self) -> str:
        if not self.run("Boolean(document.querySelector('#widget')?.shadowRoot)"):
            return f"the page says {self.run('document.body.innerText')!r}"
        said = "\n".join(f"  {one}" for one in self.transcript)
        state = f"{self.state!r}, {self.inside('.detail')!r}, {self.buttons}, {self.notices}"
        return f"the page says {state}\n{said}\nconsole: {self.ask('console')}"
