"""The codes that the document has for keys, as a real door answers them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.client.diary import Diary
from tests.client.sockets import AGENTS
from tests.serving import House

from duologue import LiveKitSession, TokenSourceError


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A server that lets nobody in without a key; `long` is a draft."""
    folder = tmp_path_factory.mktemp("shop")
    file = folder / "agents.py"
    file.write_text(AGENTS)
    with House(folder / "data", file) as running:
        running.publish("talker")
        yield running


async def refused(shop: House, agent: str, key: str | None) -> tuple[str, str]:
    """The sentence and the code that `on_error` is told."""
    session = LiveKitSession(agent, shop.url, api_key=key)
    diary = Diary(session)
    with pytest.raises(TokenSourceError):
        await session.connect()
    [(message, code)] = diary.of("error")
    assert (session.connection_state, session.error) == ("error", message)
    return message, code


async def test_every_code_of_a_key(shop: House) -> None:
    """Of another organization, revoked, none at all, and an agent that is no one's yet."""
    key = shop.secret_key()
    shop.command("orgs", "create", "strangers")
    theirs = shop.command("keys", "create", "--kind", "secret", "--org", "strangers")["key"]
    message, code = await refused(shop, "talker", theirs)
    assert code == "key_wrong_org"
    assert "another organization" in message
    message, code = await refused(shop, "long", key)
    assert code == "agent_has_no_org"
    assert message.endswith("Publish it: duologue agents publish long. It answered 403")
    assert (await refused(shop, "talker", None))[1] == "key_missing"
    made = shop.command("keys", "create", "--kind", "secret")
    shop.command("keys", "revoke", made["id"])
    message, code = await refused(shop, "talker", made["key"])
    assert code == "key_expired"
    assert "revoked" in message


async def test_a_key_that_is_good(shop: House) -> None:
    """It opens the session, and goes on with it."""
    session = LiveKitSession("talker", shop.url, api_key=shop.secret_key())
    diary = Diary(session)
    await session.connect()
    conversation = session.session.conversation_id
    await diary.heard_out("Hello there.")
    await session.disconnect()
    await session.connect()
    assert session.session.conversation_id == conversation
    await session.disconnect()
