"""A box with one button, such as a Raspberry Pi: a press wakes it, and it talks to an agent.

    python examples/headless.py http://server:8787 front-desk --pin 17

Another press hangs up, and so does silence. Without `--pin` the button is the Enter key, and
`--microphone` and `--speaker` are WAV files. On a Pi: pip install duologue sounddevice gpiozero
"""

import argparse
import asyncio
import sys

from duologue import Session, SessionError, TokenSource
from duologue.client.media import HalfDuplex, Microphone, Recording, SoundFile, Speaker, play


class Button:
    """The one button: a pin of the box, or the Enter key until the input ends."""

    def __init__(self, pin: str | None) -> None:
        self.news, self.pressed, self.gone = asyncio.Event(), False, False
        self._loop = asyncio.get_running_loop()
        if pin is None:
            self._loop.add_reader(sys.stdin, self._read)
        else:
            import gpiozero  # type: ignore[import-not-found]  # it is on a Pi, and nowhere else

            self._pin = gpiozero.Button(int(pin))
            self._pin.when_pressed = lambda: self._loop.call_soon_threadsafe(self._press)

    def _read(self) -> None:
        self.gone = not sys.stdin.readline() and self._loop.remove_reader(sys.stdin)
        self._press()

    def _press(self) -> None:
        self.pressed = True
        self.news.set()


async def talk(session: Session, given: argparse.Namespace, button: Button) -> None:
    """One conversation: until the agent hangs up, the button is pressed, or nobody says a word."""
    player = play(session, Recording(given.speaker) if given.speaker else Speaker())
    source = SoundFile(given.microphone) if given.microphone else Microphone()
    try:
        await session.start()
        # While the agent speaks the microphone is closed: it stands beside the loudspeaker.
        await session.set_microphone(HalfDuplex(source, lambda: player.quiet_for))
        while session.is_connected and not button.pressed:
            button.news.clear()
            await asyncio.wait_for(button.news.wait(), 30)  # seconds of silence
    finally:
        await session.end()
        player.close()


async def main(given: argparse.Namespace) -> None:
    """Sleeps, wakes and talks, until there is no button any more."""
    source = TokenSource.duologue(given.url, given.key, given.agent)
    session = Session(source, transport="websocket")
    session.on("agent_state", lambda state: print(state, flush=True))  # a lamp, perhaps
    button = Button(given.pin)
    session.on("message", lambda _: button.news.set())
    session.on("connection", lambda _: button.news.set())
    while not button.gone:
        button.news.clear()
        await button.news.wait()
        if button.pressed and not button.gone:
            button.pressed = False
            try:
                await talk(session, given, button)
            except (SessionError, TimeoutError) as error:  # the next press tries again
                print(str(error) or "nobody speaks", flush=True)
            button.pressed = False


if __name__ == "__main__":
    options = argparse.ArgumentParser()
    for name in ("url", "agent", "--key", "--pin", "--microphone", "--speaker"):
        options.add_argument(name)
    asyncio.run(main(options.parse_args()))
