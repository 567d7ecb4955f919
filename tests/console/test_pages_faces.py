"""How an agent looks: its picture where a page may load that, else a letter."""

from __future__ import annotations

import pytest

from duologue.console.pages.faces import face


@pytest.mark.parametrize(
    ("avatar", "picture", "origin"),
    [
        ("https://Faces.example:443/a.png", True, "https://faces.example"),
        ("http://127.0.0.1:9/a.png", True, "http://127.0.0.1:9"),
        ("/assets/a.png", True, None),
        ("data:image/png;base64,xx", True, None),
        ("", False, None),
        ("javascript:alert(1)", False, None),
        ("//evil.example/a.png", False, None),
        ("https://*.example.com/a.png", False, None),
        ("https://a.example; script-src 'unsafe-inline'/a.png", False, None),
        ("https://[/a.png", False, None),
    ],
)
def test_a_picture_comes_from_a_place_that_can_be_named(
    avatar: str, *, picture: bool, origin: str | None
) -> None:
    """What names none is left out; the letter is there in any case."""
    found = face("ada", {"avatar": avatar})
    assert found.letter == "A"
    assert found.picture == (avatar if picture else None)
    assert (found.origin if picture else None) == origin


def test_somebody_without_a_name_has_a_sign() -> None:
    """Never nothing at all."""
    assert face("", {}).letter == "?"
