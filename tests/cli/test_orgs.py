"""`duologue orgs`."""

from __future__ import annotations

from tests.cli.conftest import Shell


def test_an_organization_is_made_and_credited(shell: Shell) -> None:
    """A new organization pays nothing until it is credited; then its balance is what was added."""
    made = shell("orgs", "create", "acme", "--name", "Acme Ltd", "--json").json
    assert (made["slug"], made["name"], made["balance_micros"]) == ("acme", "Acme Ltd", None)
    shell("orgs", "credit", "acme", "12.5", "--note", "invoice 7")
    assert (
        shell("orgs", "credit", made["id"], "0.25", "--json").json["balance_micros"] == 12_750_000
    )
    listed = {each["slug"]: each["balance_micros"] for each in shell("orgs", "list", "--json").json}
    assert listed == {"default": None, "acme": 12_750_000}


def test_people_read_a_table(shell: Shell) -> None:
    """The table holds what the JSON holds, in words."""
    assert "Created organization acme" in shell("orgs", "create", "acme").out
    assert "acme now has 1,000.00." in shell("orgs", "credit", "acme", "1000").out
    table = shell("orgs", "list").out
    assert "unlimited" in table
    assert "1,000.00" in table


def test_a_slug_is_taken_once_and_an_unknown_one_is_named(shell: Shell) -> None:
    """A second organization of a slug is refused, as is credit for nobody."""
    shell("orgs", "create", "acme")
    again = shell("orgs", "create", "acme")
    assert (again.code, "acme" in again.err) == (1, True)
    unknown = shell("orgs", "credit", "acne", "1")
    assert unknown.code == 1
    assert "There is no organization 'acne'. Known: acme, default." in unknown.err


def test_credit_is_more_than_nothing(shell: Shell) -> None:
    """Zero and negative amounts are usage errors."""
    assert shell("orgs", "credit", "default", "0").code == 2
    assert shell("orgs", "credit", "default", "--", "-1").code == 2


def test_a_balance_is_set_exactly_or_without_a_limit(shell: Shell) -> None:
    """What is no amount is a usage error that names it."""
    assert "default now has 1,000.50." in shell("orgs", "set", "default", "1,000.50").out
    made = shell("orgs", "set", "default", "unlimited", "--note", "as before", "--json").json
    assert made["balance_micros"] is None
    wrong = shell("orgs", "set", "default", "much")
    assert (wrong.code, "AMOUNT 'much' is no amount" in wrong.err) == (2, True)
    assert "nobody" in shell("orgs", "set", "nobody", "1").err
