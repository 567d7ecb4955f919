"""Which utterance an answer answers: by the message it came with, by its words, or by its time."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from duologue.trace import names
from duologue.trace.entries import Span
from duologue.trace.facts import Facts, Message, number
from duologue.trace.half import Half

_S: Final = 1_000_000_000
_SLACK: Final = _S
"""Clocks and tasks: a message may be a moment older than the span it belongs to."""
_SPOKEN: Final = ("started_speaking_at", "transcription_delay", "end_of_turn_delay")


@dataclass(slots=True)
class _Answer:
    """What the agent said in one go."""

    start: int
    spans: list[Span] = field(default_factory=list)
    messages: list[Message] = field(default_factory=list)

    def of(self, name: names.Name) -> Any:
        """An attribute of any of its spans."""
        return next((v for s in self.spans if (v := name.of(s.attributes)) is not None), None)

    @property
    def end(self) -> int:
        """When it was over; 0 while it is not."""
        if any(not span.end_ns for span in self.spans):
            return 0
        ends = [span.end_ns for span in self.spans]
        for message in self.messages:
            stopped = message.metrics.get("stopped_speaking_at")
            ends.append(message.at if stopped is None else int(stopped * _S))
        return max(ends, default=self.start)

    @property
    def text(self) -> str:
        """Its words, as they were heard."""
        if self.messages:
            return " ".join(m.text for m in sorted(self.messages, key=lambda m: m.at) if m.text)
        return " ".join(str(text) for s in self.spans if (text := names.ANSWER.of(s.attributes)))

    @property
    def replies(self) -> bool:
        """Whether it has figures that only an answer to speech has."""
        return any("e2e_latency" in message.metrics for message in self.messages) or any(
            self.of(name) is not None
            for name in (names.END_TO_END, names.END_OF_TURN, names.TRANSCRIPTION)
        )


@dataclass(slots=True)
class _Utterance:
    """What the user said or typed at once."""

    start: int
    end: int
    text: str
    spoken: bool
    eou: float | None = None
    stt: float | None = None
    confidence: float | None = None
    over: int = 0
    """When it was taken as over; 0 where that is not known."""
    spans: list[str] = field(default_factory=list)
    asked: str = ""
    """The agent turn in which its message was told."""
    messages: int = 0
    answers: list[_Answer] = field(default_factory=list)


def joined(facts: Facts, since: int) -> list[Half]:
    """All turns from that moment on, in the order of their beginnings."""
    answers, by_span = _answers(facts, since)
    utterances = _utterances(facts, since)
    _link(answers, by_span, utterances)
    linked = {id(answer) for utterance in utterances for answer in utterance.answers}
    busy = {facts.parents.get(key) for key, part in facts.parts.items() if part.tool}
    halves = [_half(utterance.answers, utterance) for utterance in utterances]
    for answer in answers:
        lives = answer.text or any(span.id in busy for span in answer.spans)
        if id(answer) not in linked and lives:
            halves.append(_half([answer], None))
    halves.sort(key=lambda half: half.started)
    return halves


def _answers(facts: Facts, since: int) -> tuple[list[_Answer], dict[str, _Answer]]:
    """What the agent said, later generations with the first of their speech (as before 1.8)."""
    answers: list[_Answer] = []
    by_span: dict[str, _Answer] = {}
    generations: dict[Any, _Answer] = {}
    for span in sorted(facts.agents.values(), key=lambda s: s.start_ns):
        if span.start_ns < since:
            continue
        answer = generations.get(names.PARENT_GENERATION.of(span.attributes) or "")
        if answer is None:
            answer = _Answer(span.start_ns)
            answers.append(answer)
        answer.spans.append(span)
        by_span[span.id] = answer
        if generation := names.GENERATION.of(span.attributes):
            generations[generation] = answer
    for message in _messages(facts, "assistant", since):
        at = _first(message.metrics.get("started_speaking_at"), message.at)
        known = by_span.get(message.span) or next(
            (a for a in answers if a.spans and not a.messages and _within(at, a)), None
        )
        if known is None:
            known = _Answer(at)
            answers.append(known)
        known.messages.append(message)
    answers.sort(key=lambda a: a.start)
    return answers, by_span


def _utterances(facts: Facts, since: int) -> list[_Utterance]:
    """What the user said: recognized turns, each with its message, and messages alone."""
    found: list[_Utterance] = []
    for span in sorted(facts.users.values(), key=lambda s: s.start_ns):
        told = span.attributes
        text = str(names.TRANSCRIPT.of(told) or "")
        eou = number(names.END_OF_TURN.of(told))
        if span.start_ns < since or (not text and eou is None):
            continue  # it goes on, or it was a noise
        confidence = number(names.CONFIDENCE.of(told))
        stt = number(names.TRANSCRIPTION.of(told))
        # prefactor-livekit's steps end later.
        over = span.end_ns if span.name in names.KINDS else 0
        ids = [span.id]
        found.append(
            _Utterance(span.start_ns, span.end_ns, text, True, eou, stt, confidence, over, ids)
        )
    for message in _messages(facts, "user", since):
        spoken = any(key in message.metrics for key in _SPOKEN)
        free = [u for u in found if not u.messages and u.start <= message.at + _SLACK]
        same = [u for u in free if u.text == message.text]
        said = same or ([u for u in free if u.spoken] if spoken else [])
        if said:
            utterance = said[-1]
        else:
            start = _first(message.metrics.get("started_speaking_at"), message.at)
            utterance = _Utterance(start, message.at, "", spoken)
            found.append(utterance)
        utterance.messages += 1
        utterance.text = message.text or utterance.text
        utterance.asked = message.span
        utterance.eou = message.metrics.get("end_of_turn_delay", utterance.eou)
        utterance.stt = message.metrics.get("transcription_delay", utterance.stt)
        stopped = message.metrics.get("stopped_speaking_at")
        if stopped is not None and utterance.eou is not None:
            utterance.over = int((stopped + utterance.eou) * _S)
        if message.confidence is not None:
            utterance.confidence = message.confidence
    return found


def _link(
    answers: list[_Answer], by_span: Mapping[str, _Answer], utterances: list[_Utterance]
) -> None:
    """Gives every answer to the utterance that it answers."""
    taken: set[int] = set()
    for utterance in utterances:
        answer = by_span.get(utterance.asked)
        if answer is not None and id(answer) not in taken:
            utterance.answers.append(answer)
            taken.add(id(answer))
    for answer in answers:
        if id(answer) in taken:
            continue
        asks = str(answer.of(names.USER_INPUT) or "")
        until = answer.end or None
        free = [
            u
            for u in sorted(utterances, key=lambda u: u.start)
            if not u.answers and (until is None or u.start <= until)
        ]
        same = [u for u in free if asks and u.text == asks]
        if same:
            same[0].answers.append(answer)
        elif answer.replies and (said := [u for u in free if u.spoken]):
            said[-1].answers.append(answer)
        elif asks:
            typed = _Utterance(answer.start, answer.start, asks, False)
            typed.answers.append(answer)
            utterances.append(typed)
        elif not answer.spans and (before := [u for u in free if u.start <= answer.start]):
            between = [a for a in answers if before[-1].start < a.start < answer.start]
            if not between:
                before[-1].answers.append(answer)


def _half(answers: list[_Answer], utterance: _Utterance | None) -> Half:
    """A turn of an utterance and its answers."""
    starts = [answer.start for answer in answers]
    half = Half(min(starts) if utterance is None else utterance.start)
    ends = [answer.end for answer in answers]
    half.ended = 0 if 0 in ends else max(ends, default=0)
    if utterance is not None:
        if 0 not in ends:
            half.ended = max(half.ended, utterance.end)
        half.user_text = utterance.text
        half.spoken = utterance.spoken
        half.eou, half.stt, half.over = utterance.eou, utterance.stt, utterance.over
        half.confidence = utterance.confidence
        half.spans += utterance.spans
    half.agent_text = " ".join(text for answer in answers if (text := answer.text))
    for answer in answers:
        half.spans += [span.id for span in answer.spans]
        for message in answer.messages:
            half.told(message.metrics)
            half.interrupted |= message.interrupted
        half.interrupted |= bool(answer.of(names.INTERRUPTED))
        half.interruption = half.interruption or str(answer.of(names.INTERRUPTION) or "")
        half.e2e = _kept(half.e2e, number(answer.of(names.END_TO_END)))
        half.heard = _kept(half.heard, number(answer.of(names.PLAYED)))
        if half.spoken:
            half.eou = _kept(half.eou, number(answer.of(names.END_OF_TURN)))
            half.stt = _kept(half.stt, number(answer.of(names.TRANSCRIPTION)))
    return half


def _messages(facts: Facts, role: str, since: int) -> Iterable[Message]:
    """The messages of one side, in their order."""
    said = [word for (who, _), word in facts.said.items() if who == role and word.at >= since]
    return sorted(said, key=lambda word: word.at)


def _within(at: int, answer: _Answer) -> bool:
    """Whether a moment lies within an answer."""
    end = max(span.end_ns or at for span in answer.spans)
    return answer.start - _SLACK <= at <= end


def _first(seconds: float | None, otherwise: int) -> int:
    return otherwise if seconds is None else int(seconds * _S)


def _kept(known: float | None, other: float | None) -> float | None:
    return other if known is None else known
