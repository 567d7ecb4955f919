"""`duologue console`."""

from __future__ import annotations

from pathlib import Path

from tests.cli.conftest import Shell
from tests.serving import House

from duologue.cli.console import address
from duologue.settings import Settings


def test_a_link_leads_to_the_server(shell: Shell) -> None:
    """As the settings have it, or as it is named; people are told how long it waits."""
    made = shell("console", "login", "--url", "https://voice.example/", "--json").json
    assert made["url"].startswith("https://voice.example/console/enter?token=dk_enter_")
    assert made["role"] == "owner"
    said = shell("console", "login", "--role", "viewer").out
    assert "/console/enter?token=dk_enter_" in said
    assert "once, within ten minutes" in said


def test_who_and_where_must_be_known(shell: Shell) -> None:
    """Another role, and an organization that is none, are refused."""
    assert shell("console", "login", "--role", "king").code == 2
    unknown = shell("console", "login", "--org", "acne")
    assert "There is no organization 'acne'" in unknown.err


def test_the_address_is_that_of_the_settings() -> None:
    """The public one, else where it listens."""
    assert address(Settings(public_url="https://voice.example")) == "https://voice.example"
    assert address(Settings(host="::1", port=9)) == "http://[::1]:9"
    assert address(Settings(port=9)) == "http://127.0.0.1:9"


def test_the_link_leads_to_the_server_that_runs(tmp_path: Path) -> None:
    """On whichever port it was started; not to the one that the settings name."""
    with House(tmp_path / "data") as house:
        made = house.command("console", "login")
        assert made["url"].startswith(f"{house.url}/console/enter?token=")
