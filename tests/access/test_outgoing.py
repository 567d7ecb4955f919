"""What an owner names is asked for, and nothing in this machine or beside it."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from tests.trace.receiver import Answer, Receiver

from duologue.access import outgoing
from duologue.access.outgoing import Line, Resolver, Unsent, pieces
from duologue.errors import DuologueError


def means(*addresses: str) -> Resolver:
    """A name service for which every name means these."""

    async def found(host: str, port: int) -> list[str]:
        return list(addresses)

    return found


async def send(url: str, *, private: bool = False, resolver: Resolver | None = None) -> int:
    """Sends a small body."""
    how = {} if resolver is None else {"resolver": resolver}
    return await outgoing.post(url, b"{}", {"x-a": "b"}, private=private, patience=5.0, **how)


@pytest.mark.parametrize(
    "address",
    [
        *("93.184.215.14", "8.8.8.8", "2606:2800:21f:cb07:6820:80da:af6b:8b2c"),
        *("2001:4860:4860::8888", "::ffff:8.8.8.8", "64:ff9b::808:808"),
    ],
)
def test_the_whole_worlds_addresses(address: str) -> None:
    """IPv4, IPv6, and IPv4 behind a gateway of IPv6."""
    assert outgoing.is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "127.9.9.9", "0.0.0.0", "10.1.2.3", "172.16.0.1", "192.168.1.1"),
        *("169.254.169.254", "100.64.0.1", "224.0.0.1", "255.255.255.255", "192.0.2.1"),
        *("::1", "::", "fe80::1", "fe80::1%eth0", "fc00::1", "ff02::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::"),
        *("::127.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b:1::7f00:1", "fec0::1", "ff0e::1"),
        *("192.0.0.8", "192.0.0.192", "198.18.0.1", "240.0.0.1", "2001::1", "3fff::1", "5f00::1"),
    ],
)
def test_addresses_of_this_machine_and_its_neighbours(address: str) -> None:
    """In every way of writing them: also clouds' metadata, and IPv4 within IPv6."""
    assert not outgoing.is_public(address)


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        ("ftp://example.com/", "it is not https"),
        ("https://", "it is not https"),
        ("example.com/hook", "it is not https"),
        ("https://[::1", "nvalid"),
        ("https://me:pass@example.com/", "name or password"),
        ("http://example.com/", "must begin with https://"),
        ("https://example.com:22/", "port must be 443, or 1024"),
        ("https://example.com:0/", "port must be 443, or 1024"),
        ("https://127.0.0.1/", "not a public address"),
        ("https://[::1]/", "not a public address"),
        ("https://localhost/", "not a public address"),
        ("https://api.localhost/", "not a public address"),
        ("https://example.com/" + "a" * 2000, "longer than 2000"),
    ],
)
async def test_what_is_never_asked_for(url: str, reason: str) -> None:
    """It is refused when it is named, and again when something is to be sent."""
    with pytest.raises(DuologueError, match=reason) as error:
        outgoing.check(url, private=False)
    assert error.value.code == "webhook_refused"
    with pytest.raises(Unsent, match=reason):
        await send(url)


def test_what_may_be_named() -> None:
    """Public names; where it is allowed, this machine, too."""
    outgoing.check("https://hooks.example.com/a?b=c", private=False)
    outgoing.check("https://8.8.8.8/", private=False)
    for port in (443, 1024, 8443):
        outgoing.check(f"https://hooks.example.com:{port}/", private=False)
    outgoing.check("http://127.0.0.1:9000/", private=True)


@pytest.mark.parametrize("addresses", [("127.0.0.1",), ("8.8.8.8", "10.0.0.1")], ids=str)
async def test_a_name_that_means_a_neighbour_is_not_asked(addresses: tuple[str, ...]) -> None:
    """Not even where one of its addresses is public."""
    with pytest.raises(Unsent, match="not a public address"):
        await send("https://example.com/", resolver=means(*addresses))


async def test_what_arrives() -> None:
    """The body under the name that was asked for, at the address that was found."""
    async with Receiver() as there:
        port = there.url.rpartition(":")[2]
        url = f"http://hooks.example:{port}/in"
        assert await send(url, private=True, resolver=means("127.0.0.1")) == 200
    [request] = there.requests
    assert (request.method, request.path, request.body) == ("POST", "/in", b"{}")
    assert request.headers["host"] == f"hooks.example:{port}"
    assert request.headers["x-a"] == "b"


async def test_one_address_after_the_other() -> None:
    """Where nobody is at the first, the next is tried."""
    async with Receiver() as there:
        port = there.url.rpartition(":")[2]
        found = means("::1", "127.0.0.1")
        assert await send(f"http://hooks.example:{port}/", private=True, resolver=found) == 200
    with pytest.raises(Unsent, match="ConnectError"):
        await send(f"http://hooks.example:{port}/", private=True, resolver=found)
    with pytest.raises(Unsent, match="has no address"):
        await send("http://hooks.example/", private=True, resolver=means())


async def test_redirects_lead_nowhere() -> None:
    """Their status is the answer."""
    async with Receiver(lambda request: Answer(302)) as there:
        assert await send(f"{there.url}/a", private=True) == 302
    assert len(there.requests) == 1


async def test_who_does_not_answer_is_not_waited_for() -> None:
    """Neither as a whole nor piece by piece."""
    async with Receiver(lambda request: Answer(after=30)) as there:
        with pytest.raises(Unsent, match=r"no answer within 0\.2 s"):
            await outgoing.post(there.url, b"", {}, private=True, patience=0.2)


async def test_names_are_looked_up() -> None:
    """By the system; one that there is not is said so."""
    assert set(await outgoing.resolve("localhost", 80)) <= {"127.0.0.1", "::1"}
    with pytest.raises(Unsent, match="no host"):
        await outgoing.resolve("nobody.invalid", 80)


async def test_the_name_is_what_the_certificate_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not the address that was found."""
    asked: list[tuple[str, object]] = []

    async def answer(self: object, request: httpx.Request) -> httpx.Response:
        asked.append((str(request.url), request.extensions["sni_hostname"]))
        return httpx.Response(204)

    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", answer)
    found = means("2606:2800:21f::1")
    assert await send("https://hooks.example/x", resolver=found) == 204
    await asyncio.sleep(0)
    assert asked == [("https://[2606:2800:21f::1]/x", "hooks.example")]


async def read(line: Line, url: str) -> bytes:
    """The whole answer to a small body."""
    answer = await line.post(url, b"{}", {"x-a": "b"})
    try:
        return b"".join([piece async for piece in pieces(answer)])
    finally:
        await answer.aclose()


async def test_an_answer_is_read_as_it_comes() -> None:
    """One line serves many requests, and keeps its connection for the next."""
    line = Line(private=True, connect=5.0)
    async with Receiver(lambda request: Answer(body=b"hello")) as there:
        assert [await read(line, there.url) for _ in range(2)] == [b"hello", b"hello"]
        await line.aclose()
    assert [each.headers["x-a"] for each in there.requests] == ["b", "b"]


async def test_a_line_leads_to_no_neighbour() -> None:
    """Each request is looked at: the address as it is written, and what its name means now."""
    meanings = [["8.8.8.8", "10.0.0.1"], ["127.0.0.1"]]

    async def changing(host: str, port: int) -> list[str]:
        return meanings.pop()

    line = Line(private=False, connect=5.0, resolver=changing)
    for _ in range(2):
        with pytest.raises(Unsent, match="not a public address"):
            await read(line, "https://example.com/")
    with pytest.raises(Unsent, match="must begin with https://"):
        await read(line, "http://example.com/")
    assert not meanings
    await line.aclose()


async def test_a_line_says_what_went_wrong() -> None:
    """Nobody there, a name that is never found, an answer without an end."""

    async def never(host: str, port: int) -> list[str]:
        await asyncio.Event().wait()
        return []

    slow = Line(private=True, connect=0.05, resolver=never)
    with pytest.raises(Unsent, match=r"no connection within 0\.05 s"):
        await read(slow, "http://hooks.example/")
    await slow.aclose()
    line = Line(private=True, connect=5.0)
    async with Receiver(lambda request: Answer(cut=True)) as there:
        with pytest.raises(Unsent, match="RemoteProtocolError"):
            await read(line, there.url)
    with pytest.raises(Unsent, match="ConnectError"):
        await read(line, there.url)
    await line.aclose()


@pytest.mark.parametrize(
    ("value", "kind"), [("s3cret\n", "LocalProtocolError"), ("s3crét", "UnicodeEncodeError")]
)
async def test_headers_that_cannot_be_sent_are_not_quoted(value: str, kind: str) -> None:
    """What is said stands in records and logs, and a header may be a secret."""
    line, headers = Line(private=True, connect=5.0), {"x-token": value}
    async with Receiver() as there:
        with pytest.raises(Unsent) as one:
            await line.post(there.url, b"", headers)
        with pytest.raises(Unsent) as other:
            await outgoing.post(there.url, b"", headers, private=True)
    await line.aclose()
    assert [str(each.value) for each in (one, other)] == [
        f"the request cannot be sent ({kind})",
    ] * 2
    assert not there.requests


async def test_an_answer_that_breaks_off_is_no_whole_one() -> None:
    """Its first pieces came, and then it is said that there is no more."""

    async def half(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhello")
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(half, "127.0.0.1", 0)
    line = Line(private=True, connect=5.0)
    with pytest.raises(Unsent, match="the answer broke off"):
        await read(line, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/")
    await line.aclose()
    server.close()
    await server.wait_closed()
