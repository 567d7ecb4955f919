"""`python -m tests.pages.widget_gallery`: pictures of the widget, and the page that shows them."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.conformance.browser import E2E, FLAGS, Browser
from tests.groups import say
from tests.pages import widget_poses as pose
from tests.pages.cable import Cable
from tests.pages.conftest import ALLOWS, DEVICE
from tests.pages.gallery import DARK, DESK, DOCS, LARGEST, PHONE, SCREENS
from tests.pages.widget import WidgetTab
from tests.pages.widget_site import WidgetSite
from tests.serving import House

from duologue.testing.speech import noise

PAGE: Final = DOCS / "widget-gallery.md"


class Picture(NamedTuple):
    """A picture and what is to be seen in it."""

    name: str
    poses: Callable[[pose.Studio], WidgetTab]
    words: str
    looks: tuple[str, ...] = ("desk", "phone")


BOTH: Final = ("desk", "phone", "dark")
PICTURES: Final = (
    Picture("closed", pose.closed, "Closed: two small circles, and the greeting once.", BOTH),
    Picture("idle", pose.idle, "Open: press Talk, type, or tap a sentence to begin with.", BOTH),
    Picture("connecting", pose.connecting, "Connecting, and Cancel."),
    Picture("resumable", pose.resumable, "Left a while ago: it can still go on.", BOTH),
    Picture("listening", pose.listening, "Listening. The rings move with your voice."),
    Picture("thinking", pose.thinking, "Thinking. The square ends that too.", BOTH),
    Picture(
        "speaking", pose.speaking, "Speaking. Speak, or press the square, and it is silent.", BOTH
    ),
    Picture("talk", pose.talk, "What was said. A dash ends what was interrupted."),
    Picture(
        "behind", pose.behind, "Closed in mid-call: the circles live on, and say what goes on."
    ),
    Picture("muted", pose.muted, "Muted: nothing of the room leaves the page."),
    Picture("push", pose.push, "Push-to-talk: held by finger, mouse or key."),
    Picture("refused", pose.refused, "The microphone was refused: how to mend it.", BOTH),
    Picture("missing", pose.missing, "There is no microphone: one types meanwhile.", BOTH),
    Picture("gone", pose.gone, "The microphone was unplugged in the call.", BOTH),
    Picture("reconnecting", pose.reconnecting, "The line broke; the place is kept."),
    Picture("offline", pose.unreachable, "Offline."),
    Picture("unanswered", pose.unanswered, "The server is gone: try again in a moment.", BOTH),
    Picture("balance", pose.balance, "Out of balance: a visitor tells the owner.", BOTH),
    Picture("forbidden", pose.forbidden, "A page that the key does not list.", BOTH),
    Picture("ended", pose.ended, "Left: it can be picked up for five minutes, and judged."),
    Picture(
        "text",
        lambda at: pose.idle(at, mode="text", title="Ask the kitchen"),
        "Typed only, under a title of the page's.",
    ),
    Picture("captions", pose.captions, "By voice only, with captions."),
    Picture("consent", pose.consent, "Terms that come first."),
    Picture(
        "picture", pose.picture, "A picture for the agent, a colour of the page's, and a notice."
    ),
    Picture("arabic", pose.arabic, "In Arabic, from right to left."),
    Picture("embedded", pose.hall, "EMBEDDED: voice beside words where there is room.", BOTH),
)
LOOKS: Final[dict[str, dict[str, Any]]] = {"desk": DESK, "phone": PHONE, "dark": DESK | DARK}

HEAD: Final = """# The widget, state by state

`python -m tests.pages.widget_gallery` takes these pictures of `<duologue-widget>` on a page of
another site, against a running `duologue dev`, and writes this page. `tests/pages/test_widget_*.py`
walks through every state, and holds each one to axe-core in light and in dark. What the tag may say
is in [the package's README](../web/packages/widget/README.md).
"""


def files(one: Picture) -> list[str]:
    """The files of a picture, one for each look."""
    return [f"widget-{one.name}{'' if look == 'desk' else f'-{look}'}.png" for look in one.looks]


def written() -> str:
    """The page of all pictures."""
    each = (
        f"## {one.name.capitalize()}\n\n{one.words}\n\n"
        + "\n".join(f"![{one.words}](screens/{file})" for file in files(one))
        + "\n"
        for one in PICTURES
    )
    return "\n".join((HEAD, *each))


def main(names: list[str]) -> int:
    """Takes all pictures, or those that are named."""
    chosen = [one for one in PICTURES if not names or one.name in names]
    build = ["npm", "--prefix", str(E2E.parent), "run", "build", "--workspaces", "--if-present"]
    subprocess.run(build, check=True, timeout=180, capture_output=True)
    executable = str(shutil.which("chromium"))
    with ExitStack() as open_now:
        folder = Path(open_now.enter_context(tempfile.TemporaryDirectory()))
        hears = noise(120.0, 0.0002, rate=16000).save(folder / "microphone.wav")
        house = open_now.enter_context(House(folder / "data", mode="dev"))
        cable = open_now.enter_context(Cable(house.url))
        site = open_now.enter_context(WidgetSite(cable.url))
        asks = [flag for flag in FLAGS if flag != ALLOWS]
        deaf = [flag for flag in FLAGS if flag != DEVICE]
        flags = {"kind": FLAGS, "strict": asks, "bare": deaf}
        browsers = {
            name: open_now.enter_context(Browser(executable, hears, "~NOTFOUND", chosen))
            for name, chosen in flags.items()
        }
        studio = pose.Studio(site, cable, browsers)
        for one in chosen:
            for look, name in zip(one.looks, files(one), strict=True):
                studio.profile = LOOKS[look]
                file = SCREENS / name
                one.poses(studio).shoot(file)
                studio.tidy()
                size = file.stat().st_size
                say(f"{name}: {size // 1000} kB{' IS TOO LARGE' if size > LARGEST else ''}\n")
    PAGE.write_text(written())
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
