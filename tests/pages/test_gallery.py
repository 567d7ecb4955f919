"""The pictures of the talk page that are kept, and the page that shows them."""

from __future__ import annotations

from tests.pages.gallery import LARGEST, PAGE, PICTURES, SCREENS, written


def test_the_page_shows_every_picture() -> None:
    """docs/talk-page.md is what the command writes, and no picture lies there unseen."""
    assert PAGE.read_text() == written()
    kept = {
        file.name for file in SCREENS.iterdir() if not file.name.startswith(("widget-", "console-"))
    }
    assert kept == {f"{picture.name}.png" for picture in PICTURES}


def test_pictures_are_small() -> None:
    """A clone pays for each of them, for ever."""
    sizes = {file.name: file.stat().st_size for file in SCREENS.iterdir()}
    assert {name: size for name, size in sizes.items() if size > LARGEST} == {}
