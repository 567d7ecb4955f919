"""Batches as a tracker sends them, for the tests of what becomes of them."""

from __future__ import annotations

from itertools import count
from typing import Any

from tests.store.world import NOW

from duologue.core import ids
from duologue.wire.visits import Batch, Clicked, Event, Happened, Identified, PageSeen, TimeSpent

_number = count()


def an_id(prefix: str) -> str:
    """A new id as browsers make them."""
    return ids.make(prefix, NOW, next(_number).to_bytes(10))


VISITOR = an_id("vis_")
OTHER = an_id("vis_")
VISIT = an_id("vst_")
OTHER_VISIT = an_id("vst_")


def batch(*events: Event, sent_at: int = NOW, **whose: Any) -> Batch:
    """These events of the visitor, sent at once."""
    given = {"visitor": VISITOR, "visit": VISIT} | whose
    return Batch(sent_at=sent_at, events=list(events), **given)


def page(path: str, at: int = NOW, title: str = "", **facts: Any) -> PageSeen:
    """A page that was seen."""
    given = {"id": an_id("evt_"), "url": f"https://shop.example{path}", "title": title} | facts
    return PageSeen(path=path, at=at, **given)


def spent(on: PageSeen, ms: int, at: int = NOW) -> TimeSpent:
    """A page that was before somebody's eyes."""
    return TimeSpent(id=an_id("evt_"), at=at, page=on.id, visible_ms=ms)


def click(name: str, on: PageSeen | None = None, at: int = NOW) -> Clicked:
    """A marked element that was clicked."""
    return Clicked(id=an_id("evt_"), at=at, name=name, page=on.id if on else None)


def happened(name: str, at: int = NOW, **properties: Any) -> Happened:
    """Something that the site has a name for."""
    return Happened(id=an_id("evt_"), at=at, name=name, properties=properties)


def identified(user: str, at: int = NOW, **traits: Any) -> Identified:
    """Who the site says that it is."""
    return Identified(id=an_id("evt_"), at=at, user_id=user, traits=traits)
