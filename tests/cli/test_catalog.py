"""Which agents a command loads."""

from __future__ import annotations

from duologue.cli.catalog import catalog
from duologue.settings import Settings


def test_the_demo_agents_stay_when_the_settings_only_dress_them() -> None:
    """Their widgets look as the table says; a table with more than that is an agent of its own."""
    worn = catalog(None, Settings(agents={"demo": {"widget": {"title": "Try me"}}}))
    assert worn.get("demo") is not None
    assert [each.definition.widget.title for each in worn.all()].count("Try me") == 1
    own = catalog(None, Settings(agents={"desk": {"instructions": "Help."}}))
    assert [each.definition.slug for each in own.all()] == ["desk"]
