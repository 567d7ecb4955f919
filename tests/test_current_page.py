"""docs/current.md: its agents run, and do what the page says."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.server.conftest import Desk, closing_code
from tests.serving import House
from tests.transports.exchange_line import line

PAGE = Path(__file__).parent.parent / "docs" / "current.md"
SNIPPETS = re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """A server with the agents of the page, each in a file of its own."""
    folder: Path = tmp_path_factory.mktemp("page")
    files = [folder / f"agent{number}.py" for number in range(len(SNIPPETS))]
    for file, snippet in zip(files, SNIPPETS, strict=True):
        file.write_text(snippet)
    with House(folder / "data", *files) as house:
        house.publish("shop", "basket", "copier")
        found = Desk(house)
        yield found
        found.http.close()


def test_the_shop_answers_and_asks(desk: Desk) -> None:
    """Its price, its own error, and the place that the page tells."""
    with line(desk, "shop") as client:
        client.say("rpc.request", id="1", method="price", payload="green")
        assert client.until("rpc.response", id="1")["payload"] == "4.20"
        client.say("rpc.request", id="2", method="price", payload="blue")
        error = client.until("rpc.response", id="2")["error"]
        assert error == {"code": 2404, "message": "There is no blue tea"}
        client.say("client.response.data", data={"button": "buy"})
        client.say("rpc.response", id=client.until("rpc.request")["id"], payload="Bonn")
        assert client.told() == {"clicked": "buy", "place": "Bonn"}
        client.say("client.response.data", data={"button": "buy"})
        asked = client.until("rpc.request")["id"]
        client.say("rpc.response", id=asked, error={"code": 1400, "message": "no"})
        assert client.told() == {"clicked": "buy", "place": "unknown (1400)"}


def test_the_basket_is_kept(desk: Desk) -> None:
    """What was counted is there at the next visit."""
    with line(desk, "basket") as client:
        assert client.until("state.snapshot")["values"] == {"visits": 1}
        client.say("state.set", key="items", value=["tea", "milk"])
        assert client.until("state.set", key="count")["value"] == 2
        client.say("client.end")
        closing_code(client.socket)  # who comes back sooner finds the agent as it is
    with line(desk, "basket", conversation_id=client.conversation) as client:
        values = client.until("state.snapshot")["values"]
        assert values == {"visits": 2, "items": ["tea", "milk"], "count": 2}


def test_the_copier_copies(desk: Desk) -> None:
    """The file comes back under its new name, with a written word."""
    with line(desk, "copier") as client:
        client.say("attributes.set", attributes={"lang": "de"})
        assert client.until("attributes.set")["attributes"] == {"speaks": "de"}
        client.send_file(b"one cup")
        begun, content = client.file()
        assert (begun["name"], content) == ("copy of notes.txt", b"one cup")


def test_the_page_names_all_that_there_is() -> None:
    """Every public name of `Current`, but for what no road has yet."""
    from duologue.agents.current import Current

    made = Current(conversation_id="", session_id="", agent="", transport="", send=print, end=print)
    names = {name for name in {*vars(made), *vars(Current)} if not name.startswith("_")}
    unspoken = {"receive", "visitor"}
    text = PAGE.read_text()
    assert not [name for name in names - unspoken if f"`{name}" not in text]
