"""Claims: what we signed comes back, and nothing else does."""

from __future__ import annotations

import base64
import json

import jwt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.access import claims
from duologue.errors import DuologueError
from duologue.wire.rooms import Claim

SECRET = "a secret of thirty-two letters.."
NOW = 1_700_000_000
CLAIM = Claim(
    org="org_1",
    agent="agt_1",
    room="blue",
    identity="jo",
    session="sess_1",
    conversation="conv_1",
    known=True,
    key="key_1",
    kind="secret",
    origin="https://shop.example",
    resume="00ff",
    overrides={"turns": {"trigger": "push_to_talk"}},
    metadata={"name": "Zoë 👋"},
    e2ee=True,
    exp=NOW + 900,
)


def refused(text: str, secret: str = SECRET, now: int = NOW) -> str:
    """Why a text is no claim that lets anybody in."""
    with pytest.raises(DuologueError) as caught:
        claims.read(text, secret, now)
    assert caught.value.code == "claim_invalid"
    return caught.value.message


def test_a_claim_comes_back_as_it_was_signed() -> None:
    """All of it, and any JWT library can check it."""
    text = claims.mint(CLAIM, SECRET)
    assert claims.read(text, SECRET, NOW) == CLAIM
    payload = jwt.decode(
        text, SECRET, algorithms=["HS256"], issuer="duologue-claim", options={"verify_exp": False}
    )
    assert (payload["conversation"], payload["metadata"]) == ("conv_1", {"name": "Zoë 👋"})


def test_a_claim_is_good_until_its_second() -> None:
    """It opens nothing from `exp` on."""
    text = claims.mint(CLAIM, SECRET)
    assert claims.read(text, SECRET, NOW + 899) == CLAIM
    assert "expired" in refused(text, now=NOW + 900)


def test_another_secret_signed_nothing_of_ours() -> None:
    """Whoever does not hold LiveKit's secret makes no claims."""
    assert "not signed here" in refused(claims.mint(CLAIM, "another"))


def test_a_token_of_a_room_is_no_claim() -> None:
    """LiveKit's tokens bear the same signature, and mean something else."""
    token = jwt.encode({"iss": "key", "sub": "jo", "exp": NOW + 900}, SECRET, algorithm="HS256")
    assert "another kind" in refused(token)


def test_an_issuer_of_another_name_is_refused() -> None:
    """Even with every field of a claim."""
    payload = jwt.decode(
        claims.mint(CLAIM, SECRET), options={"verify_signature": False, "verify_exp": False}
    )
    foreign = jwt.encode({**payload, "iss": "devkey"}, SECRET, algorithm="HS256")
    assert "'devkey'" in refused(foreign)


@pytest.mark.parametrize("payload", [b"", b"\xff", b"[" * 100_000, b'{"iss": 5}', b"null"])
def test_what_is_signed_and_no_claim_is_refused(payload: bytes) -> None:
    """The secret signs other things too; none of them is mistaken for a claim."""
    assert "another kind" in refused(claims.sign(payload, SECRET))


def test_a_signed_payload_without_base64_is_refused() -> None:
    """A signature over anything else is not enough either."""
    text = claims.sign(b"{}", SECRET).rpartition(".")[0].partition(".")[0] + ".a"
    assert "not signed here" in refused(text + ".a")


def test_every_changed_letter_is_noticed() -> None:
    """Header, claim and signature are bound together."""
    text = claims.mint(CLAIM, SECRET)
    for place in range(len(text)):
        other = "A" if text[place] != "A" else "B"
        refused(text[:place] + other + text[place + 1 :])


def test_no_algorithm_of_the_claims_own_is_believed() -> None:
    """`none` is no signature."""
    head = base64.urlsafe_b64encode(json.dumps({"alg": "none"}).encode()).rstrip(b"=").decode()
    body = claims.mint(CLAIM, SECRET).split(".")[1]
    refused(f"{head}.{body}.")


@given(st.text())
def test_no_text_breaks_the_reader(text: str) -> None:
    """Whatever stands in an attribute is refused in words."""
    refused(text)


@given(
    st.dictionaries(st.text(), st.recursive(st.text() | st.integers(-(2**53), 2**53), st.lists)),
    st.text(min_size=1),
)
def test_every_claim_survives(metadata: dict[str, object], room: str) -> None:
    """Whatever a client says about itself, and whatever its room is called."""
    claim = Claim(
        org="o",
        agent="a",
        room=room,
        identity="i",
        session="s",
        conversation="c",
        metadata=metadata,
        exp=NOW + 1,
    )
    assert claims.read(claims.mint(claim, SECRET), SECRET, NOW) == claim


def room_token(**payload: object) -> str:
    """A token as the token door signs it, with something changed."""
    claim = claims.mint(CLAIM, SECRET)
    attributes = {"duologue.claim": claim, "mood": "good"}
    whole = {"sub": "jo", "video": {"room": "blue"}, "attributes": attributes, **payload}
    return jwt.encode(whole, SECRET, algorithm="HS256")


def test_the_token_of_a_room_bears_its_claim() -> None:
    """With the claim's own text, and how the room is to be."""
    config = {"departureTimeout": 30, "agents": [{"agentName": "duologue"}]}
    borne = claims.borne(room_token(roomConfig=config), SECRET, NOW)
    assert borne == (CLAIM, claims.mint(CLAIM, SECRET), config)
    assert claims.borne(room_token(), SECRET, NOW)[2] == {}


@pytest.mark.parametrize(
    ("token", "why"),
    [
        ("", "not signed here"),
        (claims.mint(CLAIM, "another"), "not signed here"),
        (claims.mint(CLAIM, SECRET), "another kind"),
        (room_token(attributes={}), "not signed here"),
        (room_token(attributes={"duologue.claim": 5}), "another kind"),
        (room_token(roomConfig=[]), "another kind"),
        (room_token(sub="jim"), "for 'jo' in room 'blue'"),
        (room_token(video={"room": "red"}), "for 'jo' in room 'blue'"),
    ],
)
def test_a_token_that_bears_no_claim_is_refused(token: str, why: str) -> None:
    """Whatever else the secret signed, or somebody else did."""
    with pytest.raises(DuologueError, match=why):
        claims.borne(token, SECRET, NOW)


def test_a_borne_claim_expires_as_any_other() -> None:
    """What is said about the token's own time is LiveKit's business."""
    with pytest.raises(DuologueError, match="expired"):
        claims.borne(room_token(), SECRET, NOW + 900)
