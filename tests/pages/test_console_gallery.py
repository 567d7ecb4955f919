"""The pictures of the console that are kept, and the page that shows them."""

from __future__ import annotations

from tests.pages.console_gallery import PAGE, PICTURES, files, written
from tests.pages.gallery import SCREENS


def test_the_page_shows_every_picture() -> None:
    """docs/console-gallery.md is what the command writes, and no picture lies there unseen."""
    assert PAGE.read_text() == written()
    kept = {file.name for file in SCREENS.glob("console-*")}
    assert kept == {name for picture in PICTURES for name in files(picture)}
