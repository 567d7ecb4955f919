"""Agents in the console: who answers, how they do, and who may be called."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from tests.server.console import tell
from tests.server.manor import Guest, Manor, agent, manor, talked

from duologue.server.serve import now_ms
from duologue.store import agents, keys, organizations
from duologue.testing.models import ScriptedAnswers, ToneTTS

# Litestar 2.25 warns of names that 2.20, which we also run on, has no others for.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")
FACE = "https://faces.example/ada.png"


@pytest.fixture
def house(tmp_path: Path) -> Iterator[Manor]:
    """A house with two agents: one with a face and models of its own, one as it comes."""
    ada = agent(
        "ada",
        name="Ada <Lovelace>",
        avatar=FACE,
        greeting="Hello there.",
        stt="deepgram/nova-3",
        voice="asteria",
        models={"tts": ToneTTS, "llm": lambda: ScriptedAnswers(["Yes."])},
    )
    with manor(tmp_path / "data", ada, agent("desk", phrases=("Good day.",))) as made:
        yield made


@pytest.fixture
def owner(house: Manor) -> Guest:
    """An owner."""
    return house.enter()


def test_every_agent_is_shown_with_its_face_and_its_models(house: Manor, owner: Guest) -> None:
    """Its picture may come from where it is, and from nowhere else; nothing is made for it."""
    answer = owner.ask("GET", "/console/agents")
    shown = answer.text
    policy = answer.headers["content-security-policy"]
    assert "img-src 'self' data: https://faces.example;" in policy
    assert f'src="{FACE}"' in shown
    assert "Ada &lt;Lovelace&gt;" in shown
    for words in ("deepgram/nova-3", "ToneTTS, of its file", "made by its file", "asteria"):
        assert words in shown
    assert "offline" in shown
    assert shown.index("Ada &lt;") < shown.index(">Desk<")
    house.unit(talked, house.org_id, "desk")
    after = owner.page("/console/agents")
    assert after.index(">Desk<") < after.index("Ada &lt;")
    assert "1 live" in after
    assert "<b>1</b> session · <b>1.5 min</b> in 7 days" in after


def test_one_agent_is_told_whole(house: Manor, owner: Guest) -> None:
    """Its tag, keys, conversations, feedback and settings; those that nobody changed apart."""
    said = house.unit(talked, house.org_id, "ada")
    run = house.unit(tell, house.org_id, 1, agent="ada")
    found = house.unit(agents.get, house.org_id, "ada")
    assert found is not None
    house.unit(
        keys.insert,
        house.org_id,
        kind="public",
        hash="h",
        hint="wxyz",
        name="",
        agent_id=found.id,
        origins=["https://shop.example"],
        scopes=[],
        now=now_ms(),
        expires_at=None,
    )
    shown = owner.page("/console/agents/ada")
    assert owner.page(f"/console/agents/{found.id}") == shown
    assert "&lt;duologue-widget agent=&#34;ada&#34; key=&#34;dk_public_…&#34;&gt;" in shown
    assert "http://test/duologue.js" in shown
    for words in ("…wxyz", "https://shop.example", run, said, "Too &lt;slow&gt;.", "number 1"):
        assert words in shown
    assert "<b>0</b> up, <b>1</b> down" in shown
    written, rest = shown.split("What nobody changed")
    assert "<dt>greeting</dt><dd>Hello there.</dd>" in written
    assert "<dt>turns.trigger</dt><dd>automatic</dd>" in rest
    assert "turns.trigger" not in written


def test_an_agent_is_unpublished_and_published_again(house: Manor, owner: Guest) -> None:
    """Its page says which it is; viewers are offered neither."""
    shown = owner.follow("/console/agents/desk/unpublish")
    assert "draft</span>" in shown
    assert "Publish it" in shown
    found = house.unit(agents.get, house.org_id, "desk")
    assert found is not None
    assert found.published_at is None
    assert "Make it a draft" in owner.follow("/console/agents/desk/publish")
    viewer = house.enter("viewer")
    assert viewer.page("/console/agents/desk").count("<form") == 1


def test_an_agent_that_no_file_here_defines_says_so(house: Manor, owner: Guest) -> None:
    """And one whose picture is at no address shows its letter."""
    definition = {"slug": "gone", "avatar": "javascript:alert(1)", "llm": "openai/gpt-4.1"}
    house.unit(
        agents.put,
        house.org_id,
        slug="gone",
        name="Gone",
        definition=msgspec.json.encode(definition),
        source="old.py",
        now=now_ms(),
        publish=True,
    )
    for path in ("/console/agents", "/console/agents/gone"):
        shown = owner.page(path)
        assert "not loaded here" in shown
        assert "openai/gpt-4.1" in shown
        assert "javascript:" not in shown or path.endswith("gone")
        assert 'src="javascript' not in shown


def test_an_agent_that_is_not_there_is_named(owner: Guest) -> None:
    """With those that are."""
    assert "Known: ada, desk" in owner.page("/console/agents/nobody", 404)
    for deed in ("publish", "unpublish"):
        assert "No such agent" in owner.refused(f"/console/agents/nobody/{deed}", 404)


def test_where_there_is_no_agent_the_page_says_what_to_do(house: Manor) -> None:
    """For a new organization."""
    made = house.unit(organizations.create, slug="fresh", name="Fresh", now=0)
    assert "No agents yet" in house.enter(org_id=made.id).page("/console/agents")
