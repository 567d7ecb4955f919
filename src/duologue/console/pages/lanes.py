"""A piece of a conversation drawn to scale: who spoke, and what worked, when."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import msgspec

from duologue.console.pages import words
from duologue.store.console_lists import Mark as Step
from duologue.wire.traces import Log, Turn

KINDS: Final = ("stt", "llm", "tts", "tool", "error", "user_turn", "assistant_turn")
NAMES: Final = ("user_speaking", "agent_speaking", "eou_wait")
"""What is drawn of all spans."""
_LANES: Final = {
    "user": "User",
    "agent": "Agent",
    "eou": "Wait",
    "stt": "STT",
    "llm": "LLM",
    "tts": "TTS",
    "tool": "Tools",
    "error": "Errors",
}
_ALWAYS: Final = ("user", "agent")
_OF_NAME: Final = {"user_speaking": "user", "agent_speaking": "agent", "eou_wait": "eou"}
_THIN: Final = 0.01
"""Percent of the width of what took no time; its outline is what one sees and hits."""
_STEPS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 21_600, 86_400)
_MOST_TICKS: Final = 6


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """Something that took a while, in percent of the width."""

    x: float
    width: float
    title: str
    link: str
    wrong: bool


class Lane(msgspec.Struct, frozen=True, kw_only=True):
    """A line of marks."""

    id: str
    name: str
    marks: list[Mark]


class Tick(msgspec.Struct, frozen=True, kw_only=True):
    """A time below the lanes."""

    x: float
    name: str


def lanes(
    steps: Iterable[Step],
    turns: Sequence[Turn],
    logs: Iterable[Log],
    *,
    since_ns: int,
    until_ns: int,
    base: str,
) -> list[Lane]:
    """The lanes of a piece; the user and the agent always have theirs.

    `base` is the conversation's own address.
    """
    long = max(1, until_ns - since_ns)
    found: dict[str, list[Mark]] = {each: [] for each in _LANES}

    def mark(lane: str, start: int, end: int, title: str, link: str, *, wrong: bool) -> None:
        left = min(max(start, since_ns), until_ns)
        right = min(max(end, left), until_ns)
        width = max(_THIN, (right - left) / long * 100)
        x = min((left - since_ns) / long * 100, 100 - width)
        found[lane].append(Mark(x=x, width=width, title=title, link=link, wrong=wrong))

    drawn = list(steps)
    heard = {_OF_NAME[step.name] for step in drawn if step.name in _OF_NAME}
    for step in drawn:
        lane = _lane(step)
        if lane in heard and step.name not in _OF_NAME:
            continue  # who was heard is drawn by the sound, not by the turn around it
        end = step.end_ns or until_ns
        took = words.delay((end - step.start_ns) / 1e6) if step.end_ns else "not ended"
        title = f"{step.name}, {took}" + (f", {step.error}" if step.error else "")
        wrong = step.kind == "error" or step.status == "error"
        link = f"{base}/spans/{step.id}"
        mark(lane, step.start_ns, end, title, link, wrong=wrong)
    for turn in turns:
        if turn.user_text and not turn.spoken:
            title = f"typed: {words.clip(turn.user_text, 60)}"
            mark("user", turn.started_ns, 0, title, f"#turn-{turn.index}", wrong=False)
    if not found["stt"]:  # livekit-agents has no span of it, but the turn says how long it took
        for turn, start in _recognized(drawn, turns):
            title = f"STT, {words.delay(turn.stt_ms)}"
            end = start + round((turn.stt_ms or 0) * 1e6)
            mark("stt", start, end, title, f"#turn-{turn.index}", wrong=False)
    for log in logs:
        if log.level == "error":
            title = words.clip(log.text, 80)
            mark("error", log.at_ns, 0, title, f"#log-{log.id}", wrong=True)
    return [
        Lane(id=each, name=name, marks=found[each])
        for each, name in _LANES.items()
        if found[each] or each in _ALWAYS
    ]


def ticks(since_ns: int, until_ns: int, origin_ns: int) -> list[Tick]:
    """Round times since the conversation began, few enough to be read."""
    long = max(1, until_ns - since_ns)
    step = next((s for s in _STEPS if long / 1e9 / s <= _MOST_TICKS), _STEPS[-1]) * 1_000_000_000
    first = -(-(since_ns - origin_ns) // step) * step
    return [
        Tick(x=(origin_ns + at - since_ns) / long * 100, name=words.span(at / 1e6))
        for at in range(first, until_ns - origin_ns + 1, step)
    ]


def _recognized(steps: Sequence[Step], turns: Sequence[Turn]) -> Iterable[tuple[Turn, int]]:
    """The turns whose transcript took a known time, and the user's last sound in each."""
    waits = [step.start_ns for step in steps if step.name == "eou_wait"]
    for turn in turns:
        within = [at for at in waits if turn.started_ns <= at <= turn.ended_ns]
        if turn.stt_ms is not None and within:
            yield turn, max(within)


def _lane(step: Step) -> str:
    if step.name in _OF_NAME:
        return _OF_NAME[step.name]
    return {"user_turn": "user", "assistant_turn": "agent"}.get(step.kind, step.kind)
