"""Written messages in a room are sent until the agent confirms them, and no longer."""

from __future__ import annotations

import pytest
from tests.trace.receiver import until

from duologue.client import room_typed
from duologue.client.room_typed import AGAIN, Unconfirmed
from duologue.client.tasks import Tasks
from duologue.wire.rooms import TYPED


class Line:
    """Notes what goes out, and fails as often as it is told to."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, fails: int = 0) -> None:
        monkeypatch.setattr(room_typed, "CONFIRM", 0.05)
        self.out: list[tuple[str, str]] = []
        self.tasks = Tasks()
        self.unconfirmed = Unconfirmed(self.tasks, self.send)
        self.fails = fails

    async def send(self, text: str, attributes: dict[str, str]) -> None:
        """One more sending."""
        self.out.append((text, attributes[TYPED]))
        if len(self.out) <= self.fails:
            raise ConnectionError("the room is reconnecting")

    def write(self, text: str) -> str:
        """Writes a message, whose first sending is lost on the way; its name."""
        named = self.unconfirmed.name(text, {"page": "/"})
        assert named["page"] == "/"
        self.unconfirmed.sent(text, named)
        return named[TYPED]


async def test_what_nobody_confirms_goes_out_again_under_its_name(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A few times, also when the line refuses one of them; then it is given up."""
    line = Line(monkeypatch, fails=1)
    name = line.write("apples")
    await until(lambda: len(line.out) == AGAIN)
    await until(lambda: not line.unconfirmed._waiting)
    assert line.out == [("apples", name)] * AGAIN
    await line.tasks.close()


async def test_a_confirmed_message_is_not_sent_again(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of two that say the same, the older one is known first; other words confirm nothing."""
    line = Line(monkeypatch)
    one, other = line.write("yes "), line.write("yes")
    line.unconfirmed.confirmed("no")
    line.unconfirmed.confirmed("yes")
    await until(lambda: bool(line.out))
    assert {name for _, name in line.out} == {other} != {one}
    line.unconfirmed.confirmed("yes")
    await until(lambda: not line.unconfirmed._waiting)
    await line.tasks.close()


async def test_who_was_told_that_it_failed_sends_it_again_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A message that was refused at once is not waited for."""
    line = Line(monkeypatch)
    line.unconfirmed.failed(line.unconfirmed.name("apples", {}))
    assert not line.unconfirmed._waiting
    assert not line.out
    await line.tasks.close()
