"""Token sources: asked once, kept as long as is safe, and clear about what went wrong."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path
from typing import Any

import pytest
from tests.client.endpoint import endpoint, jwt

from duologue.client.errors import TokenSourceError
from duologue.client.road import Ticket
from duologue.client.token_options import TokenOptions
from duologue.client.tokens import TokenSource

ANN = TokenOptions(agent_name="desk", participant_attributes={"a": "b"})


def answer(**claims: Any) -> dict[str, str]:
    """What an endpoint says."""
    return {"server_url": "ws://room", "participant_token": jwt(**claims)}


# ---------------------------------------------------------------- kinds


async def test_a_literal_object_is_the_ticket() -> None:
    """What is at hand already needs no function."""
    said = answer()
    ticket = await TokenSource.literal(said).fetch()
    assert (ticket.url, ticket.token) == ("ws://room", said["participant_token"])


async def test_a_literal_ticket_is_taken_as_it_is() -> None:
    """A ticket that another part of the program got comes out unchanged."""
    given = Ticket("ws://x", jwt(), room_name="r", conversation_id="conv_1")
    assert await TokenSource.literal(given).fetch() is given


async def test_a_literal_function_is_asked_each_time() -> None:
    """Both kinds of functions may give the literal, and nothing of it is kept."""
    calls: list[int] = []

    def give() -> dict[str, str]:
        calls.append(1)
        return answer()

    async def later() -> dict[str, str]:
        return give()

    for source in (TokenSource.literal(give), TokenSource.literal(later)):
        await source.fetch()
        await source.fetch()
    assert len(calls) == 4


async def test_a_custom_function_is_told_the_options() -> None:
    """Whoever makes tokens itself sees what the session wants."""
    told: list[TokenOptions] = []

    async def make(options: TokenOptions) -> dict[str, str]:
        told.append(options)
        return answer()

    await TokenSource.custom(make).fetch(ANN)
    assert told == [ANN]


async def test_an_endpoint_is_asked_as_the_standard_says() -> None:
    """The body is that of LiveKit's standard endpoint; headers and method are the caller's."""
    with endpoint() as door:
        source = TokenSource.endpoint(door.url, headers={"X-Api-Key": "k"}, method="PUT")
        ticket = await source.fetch(ANN)
        assert ticket.url == "ws://room"
        assert door.asked == [
            {
                "participant_attributes": {"a": "b"},
                "room_config": {"agents": [{"agent_name": "desk"}]},
            }
        ]
        assert door.methods == ["PUT"]
        assert door.seen[0]["x-api-key"] == "k"
        assert door.seen[0]["content-type"] == "application/json"


async def test_options_that_are_empty_are_an_empty_object() -> None:
    """A token for nobody in particular asks for nothing in particular."""
    with endpoint() as door:
        await TokenSource.endpoint(door.url).fetch()
        assert door.asked == [{}]


@pytest.mark.parametrize("name", ["development", "sandbox"])
async def test_a_development_server_is_known_by_its_id(name: str) -> None:
    """Both names of it ask the same path of any base, with the id in a header."""
    with endpoint() as door:
        base = door.url.removesuffix("/token")
        await getattr(TokenSource, name)("abc", base_url=base + "/").fetch(ANN)
        assert door.seen[0]["x-sandbox-id"] == "abc"


# ---------------------------------------------------------------- keeping


async def test_the_same_options_are_asked_once() -> None:
    """Equal options share a ticket, also when they are other objects."""
    with endpoint() as door:
        source = TokenSource.endpoint(door.url)
        first = await source.fetch(ANN)
        again = TokenOptions(agent_name="desk", participant_attributes={"a": "b"})
        assert await source.fetch(again) == first
        assert len(door.asked) == 1


async def test_other_options_are_another_ticket() -> None:
    """A ticket for one agent opens no session with another."""
    with endpoint() as door:
        source = TokenSource.endpoint(door.url)
        first = await source.fetch(ANN)
        assert await source.fetch(TokenOptions(agent_name="sales")) != first


async def test_whoever_asks_at_the_same_time_shares_one_request() -> None:
    """Three at once are one request; the options are compared by value."""
    with endpoint(delay=0.3) as door:
        source = TokenSource.endpoint(door.url)
        same = [
            TokenOptions(agent_name="desk", participant_attributes={"a": "b"}) for _ in range(3)
        ]
        tickets = await asyncio.gather(*(source.fetch(each) for each in same))
        assert len(door.asked) == 1
        assert tickets[0] == tickets[1] == tickets[2]


async def test_a_request_that_somebody_gave_up_on_serves_the_others() -> None:
    """One caller's cancellation is not the next one's failure."""
    with endpoint(delay=0.3) as door:
        source = TokenSource.endpoint(door.url)
        impatient = asyncio.create_task(source.fetch(ANN))
        patient = asyncio.create_task(source.fetch(ANN))
        await asyncio.sleep(0.05)
        impatient.cancel()
        assert (await patient).url == "ws://room"
        assert len(door.asked) == 1


async def test_a_request_that_nobody_waits_for_ends() -> None:
    """When the last caller gives up, no task stays behind."""
    with endpoint(delay=5) as door:
        only = asyncio.create_task(TokenSource.endpoint(door.url).fetch(ANN))
        await asyncio.sleep(0.05)
        only.cancel()
        with pytest.raises(asyncio.CancelledError):
            await only


async def test_force_asks_anew() -> None:
    """`force` passes over what is kept, and keeps what it gets."""
    with endpoint() as door:
        source = TokenSource.endpoint(door.url)
        first = await source.fetch(ANN)
        second = await source.fetch(ANN, force=True)
        assert second != first
        assert await source.fetch(ANN) == second
        assert len(door.asked) == 2


async def test_a_ticket_is_not_used_in_its_last_minute() -> None:
    """A token that would end under the session's feet is asked anew."""
    with endpoint(lives=55) as door:
        source = TokenSource.endpoint(door.url)
        await source.fetch(ANN)
        await source.fetch(ANN)
        assert len(door.asked) == 2


async def test_a_ticket_that_opened_a_session_is_given_to_nobody_else() -> None:
    """Two sessions with one identity in one room would throw each other out."""
    with endpoint() as door:
        source = TokenSource.endpoint(door.url)
        first = await source.fetch(ANN)
        await source.spend(Ticket("ws://other", "other"))
        assert await source.kept() == first
        await source.spend(first)
        assert await source.fetch(ANN) != first


async def test_a_store_of_ones_own_is_asked_first() -> None:
    """`cached` keeps tickets wherever the store says, and its validator decides."""

    class Drawer:
        kept: tuple[TokenOptions, Ticket] | None = None

        async def load(self) -> tuple[TokenOptions, Ticket] | None:
            return self.kept

        async def save(self, options: TokenOptions, ticket: Ticket) -> None:
            self.kept = (options, ticket)

        async def clear(self) -> None:
            self.kept = None

    drawer, asked, good = Drawer(), [], [True]

    def give() -> dict[str, str]:
        asked.append(1)
        return answer()

    source = TokenSource.literal(give).cached(drawer, lambda options, ticket: good[0])
    first = await source.fetch(ANN)
    assert drawer.kept == (ANN, first)
    assert await TokenSource.literal(give).cached(drawer, lambda *_: True).fetch(ANN) == first
    assert len(asked) == 1
    good[0] = False
    await source.fetch(ANN)
    assert len(asked) == 2
    await source.invalidate()
    assert drawer.kept is None
    assert await source.kept() is None


# ---------------------------------------------------------------- what goes wrong


async def test_a_refusal_says_where_which_status_and_what_was_answered() -> None:
    """The error holds url, status and the beginning of the body, however long that is."""
    with endpoint(status=403, body=b"no such agent " + b"x" * 5000) as door:
        with pytest.raises(TokenSourceError) as refused:
            await TokenSource.endpoint(door.url).fetch(ANN)
        error = refused.value
        assert (error.url, error.status) == (door.url, 403)
        assert error.body.startswith("no such agent")
        assert len(error.body) < 400
        assert door.url in str(error)
        assert "403" in str(error)


async def test_a_failure_is_not_kept() -> None:
    """The next fetch asks again."""
    with endpoint(status=503, body=b"busy") as door:
        source = TokenSource.endpoint(door.url)
        with pytest.raises(TokenSourceError):
            await source.fetch(ANN)
        door.status, door.body = 200, None
        assert (await source.fetch(ANN)).url == "ws://room"


async def test_an_endpoint_that_is_not_there_is_named() -> None:
    """No connection is an error with the address in it."""
    with endpoint() as door:
        gone = door.url
    with pytest.raises(TokenSourceError, match="cannot be reached") as refused:
        await TokenSource.endpoint(gone).fetch()
    assert refused.value.url == gone


async def test_an_address_that_is_none_is_refused() -> None:
    """A url without a host is said to be wrong, not tried for ever."""
    with pytest.raises(TokenSourceError, match="cannot be reached"):
        await TokenSource.endpoint("nonsense").fetch()


async def test_an_endpoint_that_does_not_answer_is_not_waited_for_without_end() -> None:
    """The wait has an end that the caller can choose."""
    with endpoint(delay=30) as door:
        before = time.monotonic()
        with pytest.raises(TokenSourceError, match=r"no answer within 0\.3 s"):
            await TokenSource.endpoint(door.url, timeout=0.3).fetch()
        assert time.monotonic() - before < 20


async def test_a_redirection_says_where_it_leads() -> None:
    """A key is not carried to another address by itself."""
    there = {"Location": "http://elsewhere/"}
    words = pytest.raises(TokenSourceError, match="redirects to http://elsewhere/")
    with endpoint(status=307, headers=there, body=b"") as door, words:
        await TokenSource.endpoint(door.url).fetch()


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"<html>", "its answer is no JSON"),
        ([1], "must be an object, not list"),
        ({}, "has no server_url"),
        ({"server_url": ""}, "has no server_url"),
        ({"server_url": "ws://x"}, "has no participant_token"),
        ({"server_url": "ws://x", "participant_token": 7}, "has no participant_token"),
        ({"server_url": "ws://x", "participant_token": "abc"}, "neither a JWT nor a key"),
    ],
)
async def test_an_answer_that_lacks_something_is_an_error_at_once(body: Any, reason: str) -> None:
    """LiveKit's own clients return it, and fail later and elsewhere."""
    with endpoint(body=body) as door, pytest.raises(TokenSourceError, match=reason):
        await TokenSource.endpoint(door.url).fetch()


async def test_a_token_that_expired_is_refused() -> None:
    """An old token would only be refused by the room, in worse words."""
    old = answer(exp=int(time.time()) - 100)
    with pytest.raises(TokenSourceError, match=r"expired 10\d s ago"):
        await TokenSource.literal(old).fetch()


async def test_a_function_that_fails_is_named() -> None:
    """The error says whose function raised what."""

    def broken() -> dict[str, str]:
        raise KeyError("LIVEKIT_URL")

    with pytest.raises(TokenSourceError, match=r"broken\(\) raised KeyError: 'LIVEKIT_URL'"):
        await TokenSource.literal(broken).fetch()


async def test_an_error_of_the_function_itself_stays() -> None:
    """A custom source may say itself what is wrong."""

    def refuse(options: TokenOptions) -> dict[str, str]:
        raise TokenSourceError("ask again tomorrow", status=429)

    with pytest.raises(TokenSourceError, match="ask again tomorrow") as refused:
        await TokenSource.custom(refuse).fetch()
    assert refused.value.status == 429


async def test_a_function_that_gives_something_else_is_told(tmp_path: Path) -> None:
    """A wrong type is named instead of failing somewhere."""
    with pytest.raises(TokenSourceError, match="must be an object, not PosixPath"):
        await TokenSource.custom(lambda _: tmp_path).fetch()  # type: ignore[arg-type, return-value]  # what is tested
