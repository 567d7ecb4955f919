"""The widget's list of microphones, which shows the one that is heard, whoever chose it."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from tests.pages.microphones import PLUGGED, hears_tone
from tests.pages.widget import ROOT, WidgetTab
from tests.serving import House

pytestmark = pytest.mark.browser

Visit = Callable[..., WidgetTab]
CHOSEN = f"{ROOT}.querySelector('.devices').selectedOptions[0]?.label"


def test_the_list_shows_which_one_is_heard(visit: Visit, stage: House) -> None:
    """Also where the page chose it, and where one that is not there was asked for."""
    tab = visit(stage, "plain", agent="parrot", default_open="", before=PLUGGED)
    tab.click("Talk")
    hears_tone(tab, "Desk")
    tab.until(lambda: tab.sees(".devices"), "the list of microphones")
    publish = "document.querySelector('duologue-widget').session.publishMicrophone"
    for asked, heard in (("Headset", "Headset"), ("Elsewhere", "Desk"), ("Headset", "Headset")):
        tab.run(f"{publish}({{ deviceId: '{asked}' }}).then(() => null)")
        hears_tone(tab, heard)
        tab.wait(f"{CHOSEN} === '{heard}'")
