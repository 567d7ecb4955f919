"""The page for language models holds all of the product, and leads nowhere that is not there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests import llms

import duologue
from duologue.client import voice
from duologue.client.telling import EVENTS
from duologue.errors import FAULTS

DOCS = Path(__file__).parent.parent / "docs"
PAGE = (DOCS / "llms.txt").read_text(encoding="utf-8")


def test_it_begins_as_such_files_do() -> None:
    """A title, and what it is in one quoted sentence."""
    title, blank, quoted, _ = PAGE.split("\n", 3)
    assert (title, blank) == ("# duologue", "")
    assert quoted.startswith("> ")


def test_every_link_leads_to_a_page() -> None:
    """It links all pages of the documents; what else it links is there, too."""
    links = set(re.findall(r"\]\(([^)#]+)", PAGE.replace("(https://livekit.io)", "")))
    assert {file.name for file in DOCS.glob("*.md")} <= links
    assert [link for link in links if not (DOCS / link).is_file()] == []


@pytest.mark.parametrize("name", duologue.__all__)
def test_every_public_name_is_in_it(name: str) -> None:
    """As a class with its members, or a function with its arguments."""
    assert re.search(rf"^(class |await )?{name}(\(|:)", PAGE, re.MULTILINE)


@pytest.mark.parametrize(
    "signature",
    [
        "  await .start(*, microphone: Microphone = False, ",
        "  async for … in .stream(*, interim: bool = False) -> AsyncIterator[Message]: ",
        "  .can_listen: bool: ",
        "  .conversation_id: str: ",
        "class AgentTimeout(reason: Literal['not_joined', 'not_initialized'], seconds: float",
        "class Messages: ",
        "- `duologue dev [FILE]...`: ",
        "- `POST /api/token`: ",
        "- `DELETE /v1/conversations/{conversation}`: ",
        "- `GET /v1/agents/web/websocket`: ",
        "- `trigger = 'automatic'`: ('automatic' | 'push_to_talk')",
        "- `ended` (410, socket 4002): ",
    ],
)
def test_it_shows_things_as_they_are_written(signature: str) -> None:
    """Waiting, arguments, types, defaults and results, of each kind of thing once."""
    assert f"\n{signature}" in PAGE


def test_what_is_not_for_users_is_not_in_it() -> None:
    """Nothing private, no object's address, no gap left open."""
    assert not re.search(r"  \.(move|says|receive)\(|\._\w|self[,)]| at 0x|<function|\$\w", PAGE)


def test_every_event_and_error_is_told() -> None:
    """What `session.on` gives is explained, and every code has its sentence."""
    assert not [name for name in EVENTS if f"`{name}`" not in PAGE]
    assert not [code for code in FAULTS if f"- `{code}` (" not in PAGE]


def test_an_alias_that_is_gone_is_an_error() -> None:
    """A type that is renamed is noticed here, not by a reader."""
    with pytest.raises(LookupError, match="no Mikrophone"):
        llms.alias(voice, "Mikrophone")
