"""The join: promises are kept once, and looked at again before they are."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, select, update
from tests.pipeline.stage import Client, Stage, stage, until
from tests.server.conftest import LIVEKIT
from tests.store.visiting import VISITOR

from duologue.access import claims, keys
from duologue.access.resume_tokens import digest
from duologue.agents.definition import AgentDefinition
from duologue.agents.widget import Widget
from duologue.errors import DuologueError
from duologue.pipeline.seat import Guest
from duologue.server.admit import Wish
from duologue.server.invite import Invitation, Inviter, RoomWish
from duologue.server.join import Join
from duologue.store import agents, conversations, organizations, sessions, tables
from duologue.store.records import Conversation, Session
from duologue.wire.consent import Consent
from duologue.wire.page import Page

SECRET = LIVEKIT["livekit_api_secret"]
SHOP = "https://shop.example"


async def invite(inviter: Inviter, **wish: Any) -> Invitation:
    """A token for a wish."""
    asked = RoomWish(**{"origin": None, "agent": "desk", "identity": "jo"} | wish)
    return await inviter.promise(asked, *await inviter.ask(asked))


class Door:
    """The token door and the join of one stage."""

    def __init__(self, play: Stage) -> None:
        self.play = play
        self.host = play.host
        self.inviter = Inviter(play.doorman, play.org_id)
        self.join = Join(play.host)

    async def invite(self, **wish: Any) -> Invitation:
        """A token for somebody at this machine, unless the wish says who."""
        if "key" not in wish:
            wish |= {"key": None, "principal": keys.local(self.play.org_id)}
        return await invite(self.inviter, **wish)

    async def enter(self, invitation: Invitation, **changes: Any) -> Guest:
        """What joining with a token gives; its claim may be changed by whoever has the secret."""
        claim = msgspec.structs.replace(invitation.claim, **changes)
        return await self.join(claims.mint(claim, SECRET), claim.identity, claim.room)

    async def refused(self, invitation: Invitation, **changes: Any) -> str:
        """The code with which the join is refused."""
        with pytest.raises(DuologueError) as caught:
            await self.enter(invitation, **changes)
        return caught.value.code

    async def attach(self, guest: Guest) -> Client:
        """A client in its seat, which listens."""
        client = Client(self.host)
        client.seat = await self.host.seat(guest, client)
        client.run.ready(client)
        return client

    async def key(self, kind: str = "secret", **changes: Any) -> tuple[str, str]:
        """The id and the text of a new key."""
        facts: dict[str, Any] = {
            "kind": kind,
            "name": "",
            "agent": None if kind == "secret" else "desk",
            "origins": [] if kind == "secret" else [SHOP],
            "scopes": [],
            "expires_at": None,
            "now": self.host.clock(),
        }
        made, text = await self.host.db.write(keys.create, self.play.org_id, **(facts | changes))
        return made.id, text

    async def change(self, table: str, **values: Any) -> None:
        """Writes into every row of a table."""

        def write(conn: Connection) -> None:
            conn.execute(update(tables.metadata.tables[table]).values(**values))

        await self.host.db.write(write)

    async def session(self, name: str) -> Session:
        """The row of a session."""
        found = await self.host.db.read(sessions.get, self.play.org_id, name)
        assert found is not None
        return found

    async def conversation(self, name: str) -> Conversation:
        """The row of a conversation."""
        found = await self.host.db.read(conversations.get, self.play.org_id, name)
        assert found is not None
        return found

    async def count(self) -> tuple[int, int]:
        """How many conversations and sessions there are."""

        def rows(conn: Connection) -> tuple[int, int]:
            found = [
                len(conn.execute(select(table.c.id)).fetchall())
                for table in (tables.conversations, tables.sessions)
            ]
            return found[0], found[1]

        return await self.host.db.read(rows)


def room_stage(folder: Path, **changes: Any) -> Any:
    """A stage whose settings know a LiveKit."""
    return stage(folder, settings=LIVEKIT | changes.pop("settings", {}), **changes)


async def test_what_was_promised_exists_from_the_first_join_on(tmp_path: Path) -> None:
    """Conversation and session under the ids of the token, with what the client said."""
    async with room_stage(tmp_path) as play:
        door = Door(play)
        key, text = await door.key()
        invitation = await door.invite(key=text, metadata={"plan": "gold"}, origin=SHOP)
        assert await door.count() == (0, 0)
        guest = await door.enter(invitation)
        claim = invitation.claim
        assert (guest.session_id, guest.conversation_id) == (claim.session, claim.conversation)
        assert (guest.transport, guest.metadata) == ("livekit", {"plan": "gold"})
        assert not guest.e2ee
        session = await door.session(claim.session)
        assert (session.state, session.transport, session.origin) == ("authorized", "livekit", SHOP)
        assert (session.key_id, session.key_hash) == (key, None)
        conversation = await door.conversation(claim.conversation)
        assert conversation.resume_hash == claim.resume == digest(invitation.resume_token)
        assert (conversation.key_id, conversation.metadata) == (key, {"plan": "gold"})
        client = await door.attach(guest)
        await client.said("Hello.")
        await play.leave(client)
        assert (await door.session(claim.session)).state == "ended"


async def test_a_job_that_is_asked_twice_joins_once(tmp_path: Path) -> None:
    """Until somebody came in with it, the same claim is the same session."""
    async with room_stage(tmp_path) as play:
        door = Door(play)
        invitation = await door.invite()
        first, second = await door.enter(invitation), await door.enter(invitation)
        assert first.session_id == second.session_id
        assert await door.count() == (1, 1)


async def test_who_rejoins_with_a_token_gets_a_new_session_of_the_conversation(
    tmp_path: Path,
) -> None:
    """What was said is remembered, and the resume token of its client stays good."""
    async with room_stage(tmp_path) as play:
        door = Door(play)
        invitation = await door.invite()
        guest = await door.enter(invitation)
        client = await door.attach(guest)
        await client.said("Hello.")
        await play.leave(client)
        before = await door.conversation(guest.conversation_id)
        again = await door.enter(invitation)
        assert again.conversation_id == guest.conversation_id
        assert again.session_id != guest.session_id
        after = await door.conversation(guest.conversation_id)
        assert after.resume_hash == before.resume_hash
        back = await door.attach(again)
        assert back.seat is not None
        assert back.seat.resumed == "rebuilt"
        await play.leave(back)
        assert await door.count() == (1, 2)


async def test_a_promise_that_another_session_overtook_is_kept_by_a_new_one(
    tmp_path: Path,
) -> None:
    """Only the newest session of a conversation opens, so an older row would open nothing."""
    async with room_stage(tmp_path) as play:
        door = Door(play)
        first = await door.invite()
        guest = await door.enter(first)
        other = await door.invite(conversation_id=guest.conversation_id)
        await door.enter(other)
        again = await door.enter(first)
        assert again.session_id not in (guest.session_id, other.claim.session)
        client = await door.attach(again)
        await play.leave(client)


async def test_a_conversation_goes_from_the_socket_into_a_room_and_back(tmp_path: Path) -> None:
    """By its id, on the same run while somebody is there."""
    async with room_stage(tmp_path) as play:
        door = Door(play)
        caller = await play.join()
        await caller.said("Hello.")
        invitation = await door.invite(conversation_id=play.conversation)
        assert invitation.resumed == "live"
        guest = await door.enter(invitation)
        assert guest.conversation_id == play.conversation
        assert caller.seat is not None
        assert caller.seat.closed_with == "replaced"
        client = await door.attach(guest)
        assert client.run is caller.run
        await play.leave(caller, "dropped")
        back = await play.join(again=True)
        assert back.run is client.run
        assert client.seat is not None
        assert client.seat.closed_with == "replaced"
        await play.leave(client, "dropped")
        await play.leave(back)


async def test_an_agent_that_shares_its_conversations_replaces_nobody(tmp_path: Path) -> None:
    """Both hear it."""
    async with room_stage(tmp_path, tabs="share") as play:
        door = Door(play)
        caller = await play.join()
        guest = await door.enter(await door.invite(conversation_id=play.conversation))
        assert caller.seat is not None
        assert caller.seat.closed_with is None
        client = await door.attach(guest)
        await play.leave(client, "dropped")
        await play.leave(caller)


async def test_a_claim_is_for_one_user_of_one_room_and_a_while(tmp_path: Path) -> None:
    """Nobody else comes in with it, nowhere else, and not for ever."""
    async with room_stage(tmp_path) as play:
        door = Door(play)
        invitation = await door.invite(room="blue", identity="jo")
        text = claims.mint(invitation.claim, SECRET)
        for identity, room in (("eve", "blue"), ("jo", "green")):
            with pytest.raises(DuologueError, match="'jo' in room 'blue'") as caught:
                await door.join(text, identity, room)
            assert caught.value.code == "claim_invalid"
        with pytest.raises(DuologueError, match="not signed here"):
            await door.join(text[:-4] + "AAAA", "jo", "blue")
        assert await door.refused(invitation, exp=1) == "claim_invalid"
        assert await door.count() == (0, 0)


async def test_the_key_is_asked_again(tmp_path: Path) -> None:
    """Between the token and the join it may be revoked, expire, or be gone."""
    async with room_stage(tmp_path) as play:
        door = Door(play)
        key, text = await door.key()
        invitation = await door.invite(key=text)
        assert await door.refused(invitation, key="key_x") == "key_unknown"
        await door.change("keys", scopes='["read"]')
        assert await door.refused(invitation) == "key_scope"
        await door.change("keys", expires_at=1)
        assert await door.refused(invitation) == "key_expired"
        await door.change("keys", expires_at=None, revoked_at=1)
        assert await door.refused(invitation) == "key_expired"
        assert key == invitation.claim.key


async def test_page_and_consent_come_along(tmp_path: Path) -> None:
    """From the request into the session's row, and to the agent."""
    async with room_stage(tmp_path) as play:
        door = Door(play)
        page = Page("https://shop.example/tea", "Tea", "/tea")
        invitation = await door.invite(
            origin=SHOP, key=(await door.key())[1], page=page, consent=Consent("ab", 5)
        )
        guest = await door.enter(invitation)
        assert guest.page == page
        session = await door.session(invitation.claim.session)
        assert session.consent == {"hash": "ab", "at": 5}
        assert session.page == {"url": page.url, "title": "Tea", "path": "/tea"}


async def test_the_visitor_comes_along(tmp_path: Path) -> None:
    """The conversation is theirs from the join on, and its agent knows them; others are nobody."""
    async with room_stage(tmp_path) as play:
        door = Door(play)
        guest = await door.enter(await door.invite(visitor_id=VISITOR))
        client = await door.attach(guest)
        assert client.seat is not None
        assert client.seat.guest.visitor is not None
        assert client.seat.guest.visitor.id == VISITOR
        stranger = await door.attach(await door.enter(await door.invite(visitor_id="vis_made_up")))
        assert stranger.seat is not None
        assert stranger.seat.guest.visitor is None


async def test_a_consent_is_asked_for_again(tmp_path: Path) -> None:
    """Its words may have changed since the token was made."""
    async with room_stage(tmp_path) as play:
        door = Door(play)
        _, text = await door.key("public")
        invitation = await door.invite(key=text, origin=SHOP)
        asking = AgentDefinition(slug="desk", widget=Widget(consent="We keep it."))
        await door.change("agents", definition=msgspec.json.encode(asking).decode())
        assert await door.refused(invitation) == "consent_required"
        given = Consent(asking.widget.consent_hash, 5)
        assert (await door.enter(invitation, consent=given)).session_id


async def test_the_agent_is_asked_again(tmp_path: Path) -> None:
    """It may be a draft by now, on another road, or for other pages; or it never was."""
    async with room_stage(tmp_path) as play:
        door = Door(play)
        _, text = await door.key("public")
        invitation = await door.invite(key=text, origin=SHOP)
        assert await door.refused(invitation, agent="agt_x") == "agent_not_found"
        for definition, code in (
            (AgentDefinition(slug="desk", transports=("websocket",)), "transport_refused"),
            (AgentDefinition(slug="desk", origins=("https://other.example",)), "origin_refused"),
        ):
            await door.change("agents", definition=msgspec.json.encode(definition).decode())
            assert await door.refused(invitation) == code
        await door.host.db.write(agents.unpublish, play.org_id, "desk", door.host.clock())
        assert await door.refused(invitation) == "agent_has_no_org"


async def test_the_balance_is_asked_again(tmp_path: Path) -> None:
    """Who has nothing left comes into no room."""
    async with room_stage(tmp_path) as play:
        door = Door(play)
        invitation = await door.invite()
        await door.change("organizations", balance_micros=0)
        assert await door.refused(invitation) == "insufficient_balance"
        with pytest.raises(DuologueError, match="balance"):
            await invite(
                Inviter(play.doorman, play.org_id), key=None, principal=keys.local(play.org_id)
            )
        organization = await door.host.db.read(organizations.get, "default")
        assert organization is not None
        assert organization.balance_micros == 0


async def test_a_full_server_takes_no_new_conversation(tmp_path: Path) -> None:
    """One that is live here has its place."""
    async with room_stage(tmp_path, settings={"max_sessions": 1}) as play:
        door = Door(play)
        caller = await play.join()
        assert await door.refused(await door.invite()) == "overloaded"
        invitation = await door.invite(conversation_id=play.conversation)
        assert (await door.enter(invitation)).conversation_id == play.conversation
        await play.leave(caller)


async def test_ended_deleted_and_open_conversations_are_refused(tmp_path: Path) -> None:
    """Whatever the token said when it was made."""
    async with room_stage(tmp_path, tabs="reject") as play:
        door = Door(play)
        caller = await play.join()
        await play.leave(caller)
        known = await door.invite(conversation_id=play.conversation)
        caller = await play.join(again=True)
        assert await door.refused(known) == "conversation_open"
        await play.leave(caller)
        await until(lambda: door.host.run_of(play.conversation) is None)
        now = door.host.clock()
        await door.host.db.write(conversations.end, play.org_id, play.conversation, "done", now)
        assert await door.refused(known) == "conversation_ended"
        await door.host.db.write(conversations.delete, play.org_id, play.conversation)
        assert await door.refused(known) == "conversation_not_found"
        fresh = await door.invite()
        assert await door.refused(fresh, known=True) == "conversation_not_found"


async def test_a_page_resumes_in_a_room_what_it_began_on_the_socket(tmp_path: Path) -> None:
    """The token of its last session is good at the door; the join makes the new one count."""
    async with room_stage(tmp_path) as play:
        door = Door(play)
        _, text = await door.key("public")
        begun = await play.doorman.authorize(
            Wish(key=text, origin=SHOP, agent="desk", capabilities=["resume"])
        )
        wish = {"key": text, "origin": SHOP, "resume_token": begun.resume_token}
        invitation = await door.invite(**wish)
        second = await door.invite(**wish)
        assert invitation.claim.conversation == begun.conversation_id
        guest = await door.enter(second)
        client = await door.attach(guest)
        with pytest.raises(DuologueError) as caught:
            await door.invite(**wish)
        assert caught.value.code == "conversation_not_found"
        again = await door.invite(**wish | {"resume_token": second.resume_token})
        assert again.claim.conversation == begun.conversation_id
        await play.leave(client)


async def test_who_leaves_before_the_agent_came_holds_what_it_held_before(tmp_path: Path) -> None:
    """A promised token counts once its holder is let in; until then it stands for the one shown."""
    async with room_stage(tmp_path) as play:
        door = Door(play)
        _, text = await door.key("public")
        page: dict[str, Any] = {"key": text, "origin": SHOP}
        first = await door.invite(**page)
        left = await door.invite(
            **page,
            resume_token=first.resume_token,
            conversation_id=first.claim.conversation,
        )
        assert (left.claim.known, left.resumed) == (False, None), "nobody was there: a new one"
        assert left.claim.conversation != first.claim.conversation
        client = await door.attach(await door.enter(left))
        named = {"conversation_id": left.claim.conversation}
        missed = await door.invite(**page, **named, resume_token=left.resume_token)
        gone = await door.invite(**page, **named, resume_token=missed.resume_token)
        assert len(gone.resume_token) == len(missed.resume_token), "it does not grow"
        assert gone.claim.conversation == left.claim.conversation
        by_socket = await play.doorman.authorize(
            Wish(key=text, origin=SHOP, agent="desk", capabilities=["resume"],
                 resume_token=gone.resume_token)
        )  # fmt: skip
        assert by_socket.conversation_id == left.claim.conversation
        newer = await door.attach(await door.enter(gone))
        for void in (left, missed):
            with pytest.raises(DuologueError) as caught:
                await door.invite(**page, **named, resume_token=void.resume_token)
            assert caught.value.code == "conversation_not_found"
        await play.leave(client)
        await play.leave(newer)


async def test_a_back_end_brings_back_who_left_before_the_agent_came(tmp_path: Path) -> None:
    """It names the conversation, which is not yet, and hands on what its page kept."""
    async with room_stage(tmp_path) as play:
        door = Door(play)
        _, text = await door.key("secret")
        first = await door.invite(key=text)
        named = {"key": text, "conversation_id": first.claim.conversation}
        with pytest.raises(DuologueError) as caught:
            await door.invite(**named)
        assert caught.value.code == "conversation_not_found"
        again = await door.invite(**named, resume_token=first.resume_token)
        assert (again.claim.known, again.resumed) == (False, None)
        with pytest.raises(DuologueError) as caught:
            await door.invite(**named, resume_token="dk_resume_x")
        assert caught.value.code == "conversation_not_found"


async def test_an_encrypted_conversation_is_known_as_one(tmp_path: Path) -> None:
    """The guest says so to everybody who keeps records."""
    async with room_stage(tmp_path, encryption="optional", encryption_key="env:K") as play:
        door = Door(play)
        assert (await door.enter(await door.invite(e2ee=True))).e2ee
        assert not (await door.enter(await door.invite())).e2ee


async def test_no_token_is_made_while_the_server_closes(tmp_path: Path) -> None:
    """Nobody would be there when its holder joins."""
    async with room_stage(tmp_path) as play:
        door = Door(play)
        invitation = await door.invite()
        play.host.draining = True
        with pytest.raises(DuologueError, match="closing"):
            await door.invite()
        assert await door.refused(invitation) == "going_away"
