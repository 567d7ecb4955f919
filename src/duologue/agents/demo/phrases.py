"""What a caller may say to the demo: the grammar of its recognizer, by what is meant."""

from __future__ import annotations

from typing import Final

PHRASES: Final[dict[str, tuple[str, ...]]] = {
    "hearing": ("[Hello] can you hear me?", "Are you there?", "Hello are you there?"),
    "greeting": ("Hello.", "Hello there.", "Hi.", "Good (morning | afternoon | evening)."),
    "time": (
        "[Hello] [please] [can you] (tell me | say) [me] what time it is.",
        "What time is it [now | please]?",
        "What's the time?",
        "What is the time?",
    ),
    "date": (
        "What day is it [today]?",
        "What (is the | is today's | is) date [today]?",
        "What's the date [today]?",
    ),
    "joke": ("Tell me a joke [please].", "(Do you | Can you) (know | tell) [me] a joke?",
             "Another joke [please].", "Tell me another joke."),
    "count": (
        "[Please] count [slowly | aloud] [from one] to {number} [please].",
        "[Can you] [please] count to {number} [please]?",
    ),
    "hours": (
        "When are you open?",
        "(What are | What're | Tell me) (your | the) opening hours [please].",
        "Are you open (on {day} | {day} | now)?",
        "When do you (open | close) [on {day} | {day}]?",
        "What are your hours on {day}?",
    ),
    "book": (
        "[Hello] I'd like to (book | reserve) a table [please].",
        "[Hello] I would like to (book | reserve) a table [please].",
        "I want to (book | reserve) a table.",
        "[Can I] book a table [please].",
        "(Book | I'd like | I would like) a table for {number} [people] [please].",
        "I'd like to book a table for {number} [people] [please].",
        "I would like to book a table for {number} [people] [please].",
        "A table for {number} on {day} at {time} [please].",
        "I'd like to book a table for {number} [people] on {day} at {time} [please].",
    ),
    "slot": (
        "[A table] [for] {number} people [please].",
        "[For] {number} [please].",
        "[We are | There are] {number} of us.",
        "We are {number}.",
        "[On] {day} [please].",
        "[On] {day} at {time} [please].",
        "[At] {time} [please].",
        "{name} [please].",
        "[My name is | It's | It is | The name is | Under] {name} [please].",
    ),
    "yes": ("Yes [please].", "Yes that's (right | correct).", "That's (right | correct).",
            "That is (right | correct).", "Correct.", "Okay.", "Sure.", "Yes it is."),
    "no": ("No [thank you | thanks].", "No that's (wrong | not right).", "That's wrong.",
           "That is wrong."),
    "cancel": ("Cancel [that | it | the booking] [please].", "Never mind.", "Forget it."),
    "repeat": ("Repeat after me.", "Please repeat after me.", "Say something after me."),
    "first": ("What did I say [at] first?", "What was the first thing I said?",
              "What did I say at the beginning?"),
    "help": ("Help [me] [please].", "What can you do?", "What can I (say | ask) [you]?",
             "Who are you?"),
    "thanks": ("Thank you [very much].", "Thanks.", "Great thank you."),
    "goodbye": ("[Okay] goodbye.", "Bye [bye].", "Thank you goodbye.", "That's all thank you.",
                "Hang up [please]."),
}  # fmt: skip

EVERY: Final = tuple(phrase for phrases in PHRASES.values() for phrase in phrases)
"""All of them, as an agent's `phrases`."""
