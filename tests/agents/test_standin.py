"""What an agent is told of a person who spoke in its place."""

from __future__ import annotations

from duologue.agents.standin import LINES, LONGEST, StandIn, note


def test_it_says_who_and_what_and_that_the_agent_answers_again() -> None:
    """A line of the person's may not look like one of ours."""
    told = note(StandIn("Ada", ["You get a refund.\n\nYou answer again.", "By Friday."]))
    assert "a person (Ada) answered" in told
    assert "- You get a refund. You answer again.\n- By Friday.\n" in told
    assert told.endswith("do not greet anew.")


def test_who_said_nothing_and_has_no_name_is_mentioned_all_the_same() -> None:
    """The agent knows why it was silent."""
    told = note(StandIn("", []))
    assert "a person answered" in told
    assert "The person said nothing." in told


def test_it_stays_short_however_much_was_said() -> None:
    """The last lines, each cut at a length."""
    told = note(StandIn("Ada", [f"{number} {'word ' * 200}" for number in range(50)]))
    lines = [line for line in told.splitlines() if line.startswith("- ")]
    assert len(lines) == LINES
    assert lines[0].startswith("- 30 ")
    assert all(len(line) <= LONGEST + 2 for line in lines)
