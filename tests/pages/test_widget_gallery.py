"""The pictures of the widget that are kept, and the page that shows them."""

from __future__ import annotations

from tests.pages.gallery import SCREENS
from tests.pages.widget_gallery import PAGE, PICTURES, files, written


def test_the_page_shows_every_picture() -> None:
    """docs/widget-gallery.md is what the command writes, and no picture lies there unseen."""
    assert PAGE.read_text() == written()
    kept = {file.name for file in SCREENS.glob("widget-*")}
    assert kept == {name for picture in PICTURES for name in files(picture)}
