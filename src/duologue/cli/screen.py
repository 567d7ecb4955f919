"""What somebody sees of a call: the transcript and, on a terminal, what happens just now."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from rich.console import Console, Group
from rich.live import Live
from rich.text import Text

if TYPE_CHECKING:
    from duologue.cli.ear import Loudness
    from duologue.client.messages import Message
    from duologue.client.session import Session

REFRESH: Final = 0.1
"""Seconds between two pictures of what happens."""
BARS: Final = 10
FLOOR: Final = -60.0
"""Decibels at which a meter is empty."""
BUSY: Final = ("thinking", "speaking")


class Screen:
    """Lines that stay, and on a terminal below them what changes: who speaks, how loud, what."""

    def __init__(
        self, session: Session, *, agent: str, hint: str, meters: bool, own: bool, silent: bool
    ) -> None:
        self._session = session
        self._agent = agent or "agent"
        self._width = max(len(self._agent), len("you"))
        self._hint = hint
        self._meters = meters
        """Whether sound goes both ways; who types sees what happens only while he waits."""
        self._own = own
        """Whether the caller's own written words are shown: at a terminal they stand there."""
        self._console = Console(highlight=False, soft_wrap=True, quiet=silent)
        self._live: Live | None = None
        self._ticking: asyncio.Task[None] | None = None
        self.mine: Loudness | None = None
        """The microphone's loudness, if there is one."""
        self.theirs: Loudness | None = None
        """The loudspeaker's."""
        self.growing: Callable[[], list[Message]] = list
        """What may still change of the transcript."""
        self.closed: Callable[[], bool] = lambda: False
        """Whether the microphone is closed just now."""

    @property
    def is_terminal(self) -> bool:
        """Whether somebody watches."""
        return self._console.is_terminal and not self._console.quiet

    def begin(self) -> None:
        """Says where the call goes, and begins to draw."""
        used = self._session.conversation_id or (self._session.ticket or _NOWHERE).room_name
        where = f" ({used})" if used else ""
        self.note(f"Connected to {self._agent} over {self._session.transport}{where}.")
        if self._session.recorded:
            self.note("This conversation is recorded.")
        if self.is_terminal:
            self.note(self._hint)
            self._ticking = asyncio.get_running_loop().create_task(self._tick())

    def say(self, message: Message, latency: float | None) -> None:
        """A message that will not change any more."""
        if message.role == "user" and message.kind == "chat" and not self._own:
            return
        line = self._line(message, style="")
        if latency is not None:
            line.append(f"  ({latency:.2f} s)", style="dim")
        self._console.print(line)

    def note(self, text: str) -> None:
        """A word about the call itself."""
        self._console.print(Text(text, style="dim"))

    async def end(self) -> None:
        """Draws no more, and leaves the transcript; twice is no error."""
        ticking, self._ticking = self._ticking, None
        if ticking is not None:
            ticking.cancel()
            await asyncio.wait([ticking])
        self._hide()

    # ---------------------------------------------------------------- within

    def _line(self, message: Message, style: str) -> Text:
        name = self._agent if message.role == "agent" else "you"
        line = Text(f"{name:<{self._width}}  ", style="bold cyan" if name != "you" else "bold")
        dash = " —" if message.interrupted else ""
        return line.append(message.text.strip() + dash, style=style or "not bold default")

    async def _tick(self) -> None:
        while True:
            if self._meters or self._session.agent.state in BUSY:
                self._show()
            else:
                self._hide()  # a line that is being typed shall not be drawn over
            await asyncio.sleep(REFRESH)

    def _show(self) -> None:
        if self._live is None:
            self._live = Live(console=self._console, auto_refresh=False, transient=True)
            self._live.start()
        self._live.update(self._now(), refresh=True)

    def _hide(self) -> None:
        live, self._live = self._live, None
        if live is not None:
            live.stop()

    def _now(self) -> Group:
        session = self._session
        lines = [self._line(each, "dim") for each in self.growing()]
        state = session.agent.state if session.connection_state == "connected" else "reconnecting"
        line = Text(f"{state:<12}", style="bold")
        if self._meters:
            line.append("  you ")
            line.append("closed".ljust(BARS) if self.closed() else bar(self.mine), style="green")
            line.append(f"  {self._agent} ")
            line.append(bar(self.theirs), style="cyan")
        return Group(*lines, line)


class _Nowhere:
    room_name = ""


_NOWHERE: Final = _Nowhere()


def bar(loudness: Loudness | None) -> str:
    """A meter: as many blocks as somebody is loud."""
    level = loudness.level if loudness is not None else FLOOR
    full = min(BARS, max(0, round((level - FLOOR) / -FLOOR * BARS)))
    return "█" * full + "·" * (BARS - full)
