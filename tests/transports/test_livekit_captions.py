"""Which words a room is shown, and when."""

from __future__ import annotations

import asyncio

from duologue.transports.livekit.captions import AgentWords, UserWords

TEXT = "One two three four five six seven eight nine ten."


class Slate:
    """Keeps what is written on it."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.closed: dict[str, bool] = {}
        self.users: list[tuple[str, str, bool]] = []
        self.messages: list[str] = []

    def write(self, segment: str, text: str) -> None:
        """Adds words."""
        assert segment not in self.closed
        self.texts[segment] = self.texts.get(segment, "") + text

    def close(self, segment: str, *, interrupted: bool) -> None:
        """Ends a segment."""
        assert segment not in self.closed
        self.closed[segment] = interrupted

    def user(self, segment: str, text: str, *, final: bool) -> None:
        """Shows the user's words."""
        self.users.append((segment, text, final))

    def message(self, turn: str, text: str) -> None:
        """Shows a written message."""
        self.messages.append(text)


def speaking(slate: Slate, text: str = TEXT) -> AgentWords:
    """An agent that has begun to say something."""
    words = AgentWords(slate)
    words.started("t1")
    words.text("t1", text)
    words.sound("t1")
    return words


async def test_words_are_shown_as_they_are_heard() -> None:
    """Never ahead of the sound, and all of them when it was heard to its end."""
    slate = Slate()
    words = speaking(slate)
    assert not slate.texts
    words.sent("t1", 10.0)
    shown = 0
    for second in range(1, 10):
        words.heard("t1", float(second))
        now = len(slate.texts.get("SG_t1", ""))
        assert shown <= now <= len(TEXT) * second / 10 + 4
        shown = now
    words.ended("t1", interrupted=False)
    assert slate.texts == {"SG_t1": TEXT}
    assert slate.closed == {"SG_t1": False}


async def test_an_answer_that_is_cut_ends_with_what_was_heard() -> None:
    """Its text is short, and says that it was interrupted."""
    slate = Slate()
    words = speaking(slate)
    words.heard("t1", 1.0)
    words.ended("t1", interrupted=True)
    await asyncio.sleep(0)
    assert slate.closed == {"SG_t1": True}
    assert TEXT.startswith(slate.texts["SG_t1"])
    assert len(slate.texts["SG_t1"]) < 20


async def test_an_answer_that_goes_on_is_one_text() -> None:
    """It was only a cough: the next turn in the same breath has the same words to say."""
    slate = Slate()
    words = speaking(slate)
    words.heard("t1", 1.0)
    words.ended("t1", interrupted=True)
    words.started("t2")
    words.sound("t2")
    await asyncio.sleep(0)
    assert not slate.closed
    words.sent("t2", 2.0)
    words.heard("t2", 1.0)
    assert TEXT.startswith(slate.texts["SG_t1"])
    words.ended("t2", interrupted=False)
    assert slate.texts == {"SG_t1": TEXT}
    assert slate.closed == {"SG_t1": False}


async def test_another_answer_after_a_cut_is_another_text() -> None:
    """What was not heard of the first one is never shown."""
    slate = Slate()
    words = speaking(slate)
    words.heard("t1", 1.0)
    words.ended("t1", interrupted=True)
    await asyncio.sleep(0)
    words.started("t2")
    words.text("t2", "Sorry.")
    words.sound("t2")
    words.ended("t2", interrupted=False)
    assert slate.texts["SG_t2"] == "Sorry."


async def test_what_is_only_written_is_a_message() -> None:
    """It comes once, whole, and is no caption."""
    slate = Slate()
    words = AgentWords(slate)
    words.started("t1")
    words.text("t1", "See the link.")
    words.ended("t1", interrupted=False)
    assert slate.messages == ["See the link."]
    assert not slate.texts


async def test_what_was_cut_before_a_sound_of_it_was_heard_is_not_shown() -> None:
    """It never happened."""
    slate = Slate()
    words = AgentWords(slate)
    words.started("t1")
    words.text("t1", TEXT)
    words.ended("t1", interrupted=True)
    await asyncio.sleep(0)
    assert (slate.texts, slate.messages, slate.closed) == ({}, [], {})


async def test_a_message_in_the_middle_of_an_answer_disturbs_nothing() -> None:
    """The answer's caption goes on under it."""
    slate = Slate()
    words = speaking(slate)
    words.heard("t1", 1.0)
    words.started("t9")
    words.text("t9", "A note.")
    words.ended("t9", interrupted=False)
    words.ended("t1", interrupted=False)
    assert slate.messages == ["A note."]
    assert slate.texts == {"SG_t1": TEXT}


async def test_a_slow_voice_is_learned() -> None:
    """After a slow answer, words of the next one are shown more slowly."""
    slate = Slate()
    words = speaking(slate)
    words.heard("t1", 2.0)
    first = len(slate.texts["SG_t1"])
    words.sent("t1", 10.0)
    words.ended("t1", interrupted=False)
    words.started("t2")
    words.text("t2", TEXT)
    words.sound("t2")
    words.heard("t2", 2.0)
    assert len(slate.texts["SG_t2"]) < first


async def test_who_comes_back_reads_the_rest_in_a_text_of_its_own() -> None:
    """What was open when everybody left is closed: its beginning is not there any more."""
    slate = Slate()
    words = speaking(slate)
    words.heard("t1", 1.0)
    words.part()
    assert slate.closed == {"SG_t1": True}
    words.ended("t1", interrupted=True)
    words.started("t2")
    words.sound("t2")
    words.ended("t2", interrupted=False)
    assert slate.texts["SG_t1"] + slate.texts["SG_t2"] == TEXT
    assert slate.closed == {"SG_t1": True, "SG_t2": False}


def test_the_user_reads_its_own_words_as_they_are_understood() -> None:
    """Each state has the whole text, of one segment, and the last one is final."""
    slate = Slate()
    words = UserWords(slate)
    words.interim("u1", "what")
    words.certain("u1", "What time", 0)
    words.interim("u1", "is it")
    words.certain("u1", "is it?", 1)
    words.said("u1", "What time is it?")
    words.ended("u1")
    assert slate.users == [
        ("SG_u1", "what", False),
        ("SG_u1", "What time", False),
        ("SG_u1", "What time is it", False),
        ("SG_u1", "What time is it?", False),
        ("SG_u1", "What time is it?", True),
    ]


def test_what_the_user_typed_is_not_shown_again() -> None:
    """Once: the same words spoken later are."""
    slate = Slate()
    words = UserWords(slate)
    taken: list[str] = []
    words.typed("goodbye", taken.append)
    words.typed(" hello ", taken.append)
    words.said("u1", "hello")
    words.ended("u1")
    assert not slate.users
    assert taken == ["u1"]
    words.said("u2", "hello")
    assert slate.users == [("SG_u2", "hello", True)]


def test_words_that_came_to_nothing_are_taken_back() -> None:
    """What was shown ends with what is certain; what was never shown needs no end."""
    slate = Slate()
    words = UserWords(slate)
    words.interim("u1", "hm")
    words.ended("u1")
    words.ended("u2")
    assert slate.users == [("SG_u1", "hm", False), ("SG_u1", "", True)]
