"""Encryption from end to end between a Python session and its agent."""

from __future__ import annotations

import asyncio

import pytest
from livekit import rtc
from tests.rooms.livekit import LiveKit
from tests.rooms.stub import PATIENCE, Tone, fresh, loudness, session_to, stub, until

from duologue.client.encryption import E2EEOptions
from duologue.client.errors import EncryptionError
from duologue.client.road import EncryptionChanged, ReceivedFile


def keyed(key: bytes = b"our key") -> rtc.E2EEOptions:
    """What an agent is given."""
    provider = rtc.KeyProviderOptions(shared_key=key, ratchet_window_size=0)
    return rtc.E2EEOptions(key_provider_options=provider)


@pytest.mark.parametrize("key", ["our key", b"our key", E2EEOptions("our key"), keyed()])
async def test_an_encrypted_talk_is_a_talk(key: object, livekit: LiveKit) -> None:
    """Words, sound, chat and the user's own transcript, with any spelling of the key."""
    room = fresh()
    async with stub(livekit, room, encryption=keyed(), heard=["my words"], answers=["Yes."]):
        session = session_to(livekit, room, encryption=key)
        heard = bytearray()
        session.listen(lambda pcm, rate: heard.extend(pcm))
        tone = Tone()
        await session.start(microphone=tone)
        await asyncio.sleep(0.5)
        tone.speak(0.6)
        await until(lambda: any("Yes." in m.text for m in session.messages if m.final))
        mine = [m for m in session.messages if m.text == "my words"]
        # The server shows the agent as the sender of these; the track says whose they are.
        assert [(m.role, m.kind) for m in mine] == [("user", "user_transcript")]
        await until(lambda: loudness(bytes(heard)) > 2000)
        await session.messages.send("written")
        await until(lambda: any("written" in m.text for m in session.messages if m.role == "agent"))
        await session.end()


async def test_an_encrypted_agent_is_no_noise_without_a_key(livekit: LiveKit) -> None:
    """The track is not decoded, and the listener is told what is missing."""
    room = fresh()
    async with stub(livekit, room, encryption=keyed(), greeting="You cannot hear this at all."):
        session = session_to(livekit, room)
        heard = bytearray()
        told: list[EncryptionChanged] = []
        session.listen(lambda pcm, rate: heard.extend(pcm))
        session.on("encryption", told.append)
        await session.start()
        await until(lambda: any("no key" in each.error for each in told))
        await asyncio.sleep(1)
        assert loudness(bytes(heard)) < 500
        assert not session.messages
        await session.end()


@pytest.mark.parametrize("_", range(6))
async def test_an_encrypted_voice_does_not_begin_with_noise(_: int, livekit: LiveKit) -> None:
    """Its first packets may come before LiveKit decrypts: they were as loud as sound can be."""
    room = fresh()
    async with stub(livekit, room, encryption=keyed(), greeting="A long greeting."):
        session = session_to(livekit, room, encryption="our key")
        heard = bytearray()
        session.listen(lambda pcm, rate: heard.extend(pcm))
        await session.start()
        await until(lambda: len(heard) > 24_000 * 2 and loudness(bytes(heard)) > 2000)
        assert 2000 < loudness(bytes(heard)) < 12_000
        await session.end()


async def test_another_key_is_silence_and_a_word_about_it(livekit: LiveKit) -> None:
    """What cannot be read is told, not played."""
    room = fresh()
    async with stub(livekit, room, encryption=keyed(b"another"), greeting="A long greeting it is."):
        session = session_to(livekit, room, encryption="our key")
        heard = bytearray()
        told: list[EncryptionChanged] = []
        session.listen(lambda pcm, rate: heard.extend(pcm))
        session.on("encryption", told.append)
        await session.start()
        await until(lambda: any("is the key the same" in each.error for each in told))
        assert not any(heard)
        assert not session.messages
        await session.end()


@pytest.mark.parametrize("allowed", [False, True])
async def test_plaintext_is_refused_unless_it_is_allowed(allowed: bool, livekit: LiveKit) -> None:
    """A keyless peer's sound and words are not taken for the agent's; LiveKit itself takes them."""
    room = fresh()
    async with stub(livekit, room, greeting="I have no key."):
        session = session_to(livekit, room, encryption=E2EEOptions("k", allow_plaintext=allowed))
        heard = bytearray()
        told: list[EncryptionChanged] = []
        session.listen(lambda pcm, rate: heard.extend(pcm))
        session.on("encryption", told.append)
        await session.start()
        if allowed:
            await until(lambda: any("no key" in m.text for m in session.messages))
            await until(lambda: loudness(bytes(heard)) > 2000)
        else:
            await until(lambda: any("takes no plaintext" in each.error for each in told))
            await asyncio.sleep(2)
            assert loudness(bytes(heard)) < 500
            assert not session.messages
        await session.end()


async def test_encryption_is_not_switched_off(livekit: LiveKit) -> None:
    """LiveKit's library would end the agent's process; the talk goes on, encrypted as it was."""
    room = fresh()
    async with stub(livekit, room, encryption=keyed()) as agent:
        session = session_to(livekit, room, encryption="our key")
        tone = Tone()
        await session.start(microphone=tone)
        with pytest.raises(EncryptionError, match="start one without"):
            await session.set_encryption_enabled(False)
        await session.set_encryption(True)
        assert session.room is not None
        assert session.room.e2ee_manager.enabled
        tone.speak(0.6)
        await until(lambda: agent.ears.seconds > 0.2)
        await session.end()


async def test_the_first_words_of_an_agent_that_comes_later_are_kept(livekit: LiveKit) -> None:
    """They may come before LiveKit tells that the agent is there and encrypts: they wait."""
    room = fresh()
    session = session_to(livekit, room, encryption="our key")
    await session.start(wait_for_agent=False)
    async with stub(livekit, room, encryption=keyed(), greeting="The first words."):
        await until(lambda: any(m.final and m.text == "The first words." for m in session.messages))
    await session.end()


@pytest.mark.parametrize(("key", "taken"), [(keyed(), True), (None, False)])
@pytest.mark.parametrize("first", [True, False])
async def test_words_of_somebody_without_a_track_need_the_key(
    key: rtc.E2EEOptions | None, taken: bool, first: bool, livekit: LiveKit
) -> None:
    """LiveKit tells nothing of them: only a holder of the key can read what they are asked."""
    name = fresh()
    session = session_to(livekit, name, encryption="our key")
    told: list[EncryptionChanged] = []
    session.on("encryption", told.append)
    writer = rtc.Room()
    options = rtc.RoomOptions(encryption=key)
    async with asyncio.timeout(PATIENCE):
        if not first:
            await session.start(wait_for_agent=False)
        await writer.connect(livekit.url, livekit.token(name, "bob"), options)
        if first:
            await session.start(wait_for_agent=False)
        await writer.local_participant.send_text("a word", topic="lk.chat")
        if taken:
            await until(lambda: [m.text for m in session.messages] == ["a word"])
        else:
            await until(lambda: any("takes no plaintext" in each.error for each in told))
            assert not session.messages
        await writer.disconnect()
        await session.end()


@pytest.mark.parametrize(("key", "taken"), [(keyed(), True), (None, False)])
async def test_data_and_files_of_somebody_need_the_key(
    key: rtc.E2EEOptions | None, taken: bool, livekit: LiveKit
) -> None:
    """In their order; of a sender of whom nothing is known they wait, and are not taken."""
    name = fresh()
    session = session_to(livekit, name, encryption="our key")
    told: list[EncryptionChanged] = []
    data: list[object] = []
    files: list[ReceivedFile] = []
    session.on("encryption", told.append)
    session.on_data(lambda packet: data.append(packet.content))
    session.on_file(files.append)
    writer = rtc.Room()
    async with asyncio.timeout(PATIENCE):
        await session.start(wait_for_agent=False)
        await writer.connect(
            livekit.url, livekit.token(name, "bob"), rtc.RoomOptions(encryption=key)
        )
        me, here = writer.local_participant, session.room
        assert here is not None
        # Nobody can say who sent what comes before LiveKit has told of its sender: it is dropped.
        await until(lambda: "bob" in here.remote_participants)
        for number in range(5):
            await me.publish_data(b"%d" % number)
        stream = await me.stream_bytes("a.txt", topic="files")
        await stream.write(b"a file")
        await stream.aclose()
        if taken:
            await until(lambda: len(data) == 5 and len(files) == 1)
            assert data == [b"0", b"1", b"2", b"3", b"4"]
            assert files[0].content == b"a file"
        else:
            await until(lambda: any("takes no plaintext" in each.error for each in told))
            await me.publish_data(b"again")
            await asyncio.sleep(5)
            assert (data, files) == ([], [])
        await writer.disconnect()
        await session.end()


@pytest.mark.parametrize(("key", "answered"), [(keyed(), True), (None, False)])
async def test_requests_of_an_agent_need_the_key(
    key: rtc.E2EEOptions | None, answered: bool, livekit: LiveKit
) -> None:
    """One without it is told that its request was not encrypted, if it can read that at all."""
    room = fresh()
    asked: list[str] = []

    def secret(payload: str) -> str:
        asked.append(payload)
        return "42"

    async with stub(livekit, room, encryption=key) as agent:
        session = session_to(livekit, room, encryption="our key")
        session.on_rpc("secret", secret)
        await session.start()
        me = session.room
        assert me is not None
        request = agent.room.local_participant.perform_rpc(
            destination_identity=me.local_participant.identity,
            method="secret",
            payload="tell me",
            response_timeout=6.0,
        )
        if answered:
            assert await request == "42"
        else:
            with pytest.raises(rtc.RpcError):
                await request
        assert asked == (["tell me"] if answered else [])
        await session.end()


async def test_the_key_can_be_changed(livekit: LiveKit) -> None:
    """Both sides take the new one, and the talk goes on."""
    room = fresh()
    async with stub(livekit, room, encryption=keyed()) as agent:
        session = session_to(livekit, room, encryption="our key")
        tone = Tone()
        await session.start(microphone=tone)
        await session.set_encryption_key("the next key")
        provider = agent.room.e2ee_manager.key_provider
        assert provider is not None
        provider.set_shared_key(b"the next key", 0)
        await session.messages.send("after the change")
        await until(lambda: any("after" in m.text for m in session.messages if m.role == "agent"))
        tone.speak(0.6)
        await until(lambda: agent.ears.seconds > 0.2)
        await session.end()


async def test_a_session_without_a_key_cannot_switch_or_change_it(livekit: LiveKit) -> None:
    """Encryption is chosen when the session is made."""
    session = session_to(livekit, fresh())
    await session.start(wait_for_agent=False)
    with pytest.raises(EncryptionError, match="encryption="):
        await session.set_encryption(True)
    with pytest.raises(EncryptionError, match="the session has none"):
        await session.set_encryption_key("k")
    await session.end()


@pytest.mark.parametrize(("key", "said"), [("", "an empty key"), (7, "not int")])
async def test_a_key_must_be_one(key: object, said: str, livekit: LiveKit) -> None:
    """Refused before anything is joined."""
    session = session_to(livekit, fresh(), encryption=key)
    with pytest.raises(EncryptionError, match=said):
        await session.start()
    assert session.room is None
