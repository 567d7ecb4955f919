"""People in the console: who is signed in, and how somebody else gets in."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.server.manor import URL, Guest, Manor, manor

from duologue.access import console
from duologue.server.serve import now_ms

# Litestar 2.25 warns of names that 2.20, which we also run on, has no others for.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
PAGE = "/console/people"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Manor]:
    """A house."""
    with manor(tmp_path / "data") as made:
        yield made


@pytest.fixture
def owner(house: Manor) -> Guest:
    """An owner."""
    return house.enter(name="Ada")


def person(house: Manor, name: str) -> str:
    """The id of somebody who is signed in or invited."""
    found = house.unit(console.people, house.org_id, now_ms())
    return next(each.id for each in found if each.name == name)


def test_a_link_is_shown_once_and_lets_its_role_in(house: Manor, owner: Guest) -> None:
    """Until it was used, it waits in the list; then somebody is there."""
    shown = owner.follow(f"{PAGE}/invite", name="Bob", role="viewer")
    found = re.search(rf"<code>{URL}/console/enter\?token=(dk_enter_[\w-]+)</code>", shown)
    assert found is not None
    assert "the link ends in 9 min" in shown
    assert "dk_enter_" not in owner.page(PAGE)
    bob = house.nobody()
    assert bob.send("/console/enter", token=found[1]) == "/console"
    after = owner.page(PAGE)
    assert "Invited" not in after
    assert "viewer · here" in after
    assert "An owner can let somebody in" in bob.page(PAGE)


def test_somebody_else_never_sees_the_link(house: Manor, owner: Guest) -> None:
    """It waits for the one who made it."""
    owner.send(f"{PAGE}/invite", name="Bob", role="owner")
    assert "dk_enter_" not in house.enter(name="Eve").page(PAGE)
    assert "dk_enter_" in owner.page(PAGE)


def test_others_are_signed_out_and_links_withdrawn(house: Manor, owner: Guest) -> None:
    """At once; oneself is not offered."""
    bob = house.enter("viewer", "Bob")
    assert "Sign Bob out" in owner.page(PAGE)
    assert "Sign Ada out" not in owner.page(PAGE)
    owner.send(f"{PAGE}/{person(house, 'Bob')}/leave")
    assert "duologue console login" in bob.page("/console", 401)
    link = owner.follow(f"{PAGE}/invite", name="Cyd", role="viewer")
    owner.send(f"{PAGE}/{person(house, 'Cyd')}/leave")
    token = link.partition("token=")[2].partition("<")[0]
    assert "opens nothing" in house.nobody().refused("/console/enter", 410, token=token)
    assert "&#39;con_x&#39;" in owner.refused(f"{PAGE}/con_x/leave", 404)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"role": "king", "name": "Bob"}, "&#39;king&#39; is not offered; choose viewer, owner"),
        ({"role": "owner", "name": "B" * 201}, "It has 201 letters"),
    ],
)
def test_who_cannot_be_invited_is_told_in_the_form(
    house: Manor, owner: Guest, fields: dict[str, Any], words: str
) -> None:
    """With what was filled in; no link is made."""
    shown = owner.refused(f"{PAGE}/invite", **fields)
    assert words in shown
    assert f'value="{fields["name"]}"' in shown
    assert "Invited" not in shown
