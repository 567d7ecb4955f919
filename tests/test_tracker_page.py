"""docs/tracker.md: its agent runs, and knows its visitor as the page says."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.agents.test_briefing import VISITOR, here

from duologue.agents import current
from duologue.agents.loader import load

PAGE = Path(__file__).parent.parent / "docs" / "tracker.md"


async def test_the_guide_offers_by_who_comes(tmp_path: Path) -> None:
    """To one who came back, and to one of whom nothing is known."""
    file = tmp_path / "guide.py"
    file.write_text(
        PAGE.read_text(encoding="utf-8").partition("```python\n")[2].partition("```")[0]
    )
    found = load([file], {}).get("guide")
    assert found is not None
    assert found.definition.visitor_context == "visits"
    assert found.definition.visitor_traits == ("plan",)
    for visitor, offer in ((VISITOR, "Ten per cent"), (None, "Free delivery")):
        current.bind(here(visitor=visitor))
        agent: Any = found.make()
        assert (await agent.offer()).startswith(offer)
