"""How an agent appears on a site: what its owner says once, for every page with a widget."""

from __future__ import annotations

from hashlib import sha256
from typing import Annotated, Final, Literal, get_args

import msgspec

from duologue.wire.widget import Attribute

ATTRIBUTES: Final[tuple[Attribute, ...]] = get_args(Attribute)
"""What a page's tag may say differently."""


class Widget(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a widget shows of the agent, unless the tag of a page says otherwise."""

    title: str = ""
    """Its heading; empty means the agent's name."""
    start_text: str = ""
    """The words on its button; empty leaves them to the widget, in its language."""
    bubble: bool = True
    """Whether the greeting shows in a bubble while the widget is closed."""
    theme: Literal["auto", "light", "dark"] = "auto"
    """Its colours; `auto` follows the visitor's system."""
    accent: Annotated[str, msgspec.Meta(pattern=r"^(#[0-9a-fA-F]{6})?$")] = ""
    """The colour of what can be pressed, as `#1a7f5a`; empty means the house's own."""
    language: Annotated[str, msgspec.Meta(pattern=r"^([a-z]{2,3}(-[A-Za-z0-9]{2,8})*)?$")] = ""
    """The language of its own words, as `de`; empty follows the page."""
    consent: str = ""
    """What a visitor agrees to before the first word: a text, or the `https://` address of one.
    Pages get no session without it."""
    record_notice: bool = False
    """Whether it says that the conversation is kept."""
    feedback: bool = False
    """Whether it asks at the end how the conversation was."""
    suggestions: tuple[str, ...] | None = None
    """Sentences to begin with; without them they are chosen from the agent's `phrases`."""
    attributes: tuple[Attribute, ...] = ATTRIBUTES
    """What the tag of a page may say differently."""

    @property
    def consent_hash(self) -> str:
        """What a session shows of the consent that was given; empty when none is asked for."""
        return sha256(self.consent.encode()).hexdigest() if self.consent else ""

    @property
    def consent_is_address(self) -> bool:
        """Whether the consent stands on a page of its own."""
        return self.consent.startswith(("https://", "http://")) and " " not in self.consent
