"""Tabs of the console of a hotel, and what a person does with its forms by keys."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.pages.console_gallery import go
from tests.pages.hotel import AGENTS, Hotel, furnish
from tests.pages.tab import Tab
from tests.serving import House

SIZES = {"desktop": {"width": 1280, "height": 900}, "phone": {"width": 390, "height": 844}}
THERE = "document.readyState === 'complete' && document.querySelector('footer') !== null"
"""Whether a page is there to its end."""
Enter = Callable[..., Tab]


@pytest.fixture(scope="module")
def hotel(built: None, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, Hotel]]:
    """A hotel's server and its month."""
    folder = tmp_path_factory.mktemp("hotel")
    # `dev` starts anew whenever a file beside the agents' is saved, as somebody here may do.
    alone = Path(shutil.copy(AGENTS, folder))
    with House(folder / "data", alone, mode="dev", allow_private_webhooks="true") as house:
        yield house, furnish(house)


@pytest.fixture
def enter(opener: Callable[..., Tab], hotel: tuple[House, Hotel]) -> Enter:
    """Opens a tab that is signed in."""
    house, _ = hotel

    def opened(role: str = "owner", size: str = "desktop", **profile: str) -> Tab:
        tab = opener(house, viewport=SIZES[size], **profile)
        login = ("console", "login", "--url", house.url, "--name", "Ada", "--role", role)
        go(tab, house.command(*login)["url"])
        tab.ask("click", selector="main button")
        tab.wait(f"{THERE} && document.querySelector('.list') !== null")
        return tab

    return opened


def submit(tab: Tab, action: str) -> None:
    """Presses the button of a form, by Enter on it, and waits for the next page."""
    tab.run("window.before = true")
    tab.run(f"document.querySelector(`form[action$='{action}'] button`).focus()")
    tab.press("Enter")
    # The document that a tab begins with is complete, too, and empty.
    tab.wait(f"window.before === undefined && {THERE}")


def copy(tab: Tab, button: str) -> None:
    """Presses a button that copies, and waits until it said for a moment that it did."""
    tab.run(f"""(() => {{
        const button = document.querySelector({button!r});
        window.told = [];
        new MutationObserver(() => window.told.push(button.textContent))
            .observe(button, {{childList: true}});
    }})()""")
    tab.ask("click", selector=button)
    tab.wait("window.told.includes('Copied')")


def fill(tab: Tab, **fields: str) -> None:
    """Writes into fields, by their ids with underscores for hyphens."""
    for name, text in fields.items():
        tab.ask("fill", selector=f"#{name.replace('_', '-')}", text=text)


def unfold(tab: Tab, title: str) -> None:
    """Opens what is folded away, by the keyboard."""
    found = (
        f"[...document.querySelectorAll('summary')].find(one => one.innerText.includes({title!r}))"
    )
    tab.run(f"{found}.focus()")
    tab.press("Enter")
    tab.wait(f"{found}.parentElement.open")
