"""Origins: what is listed, what a browser presents, and which fits which."""

from __future__ import annotations

import string
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from duologue.access import origins
from duologue.errors import DuologueError

labels = st.text(string.ascii_lowercase + string.digits, min_size=1, max_size=8).map("a{}".format)
hosts = st.lists(labels, min_size=2, max_size=4).map(".".join)
schemes = st.sampled_from(["http", "https"])
ports = st.integers(min_value=1, max_value=65535)


@pytest.mark.parametrize(
    ("written", "compared"),
    [
        ("https://example.com", "https://example.com"),
        ("HTTPS://Example.COM:443", "https://example.com"),
        ("http://localhost:3000", "http://localhost:3000"),
        ("http://example.com:80", "http://example.com"),
        ("https://example.com:80", "https://example.com:80"),
        ("https://*.example.com", "https://*.example.com"),
        ("http://*.localhost:5173", "http://*.localhost:5173"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("https://*.STRAẞE.example", "https://*.xn--strae-oqa.example"),
        ("http://127.0.0.1:8787", "http://127.0.0.1:8787"),
        ("http://[0:0::1]:8787", "http://[::1]:8787"),
        ("https://my_app.example.com", "https://my_app.example.com"),
    ],
)
def test_an_origin_is_read_as_browsers_write_it(written: str, compared: str) -> None:
    """Case, default ports, international names and long addresses are made one."""
    assert str(origins.parse(written)) == compared
    assert str(origins.parse(compared)) == compared


@pytest.mark.parametrize(
    "text",
    [
        "",
        "null",
        "example.com",
        "https://",
        "https://example.com/",
        "https://example.com/path",
        "https://user@example.com",
        "https://example.com:0",
        "https://example.com:65536",
        "https://example.com:",
        "https://a..b",
        "https://-a.example",
        "https://example.com.",
        "https://*",
        "https://*.com",
        "https://*.*.example.com",
        "https://a.*.example.com",
        "https://*.127.0.0.1",
        "https://*.[::1]",
        "https://300.1.1.1",
        "https://1.2.3",
        "https://[1::2::3]",
        "https://xn--\u0378.example",
        "https://" + "a." * 130 + "example",
        "ftp://example.com",
        "file://",
        "https://example.com\n",
        "https://exa mple.com",
    ],
)
def test_what_is_no_origin_is_refused_with_the_form(text: str) -> None:
    """The operator sees the value and how to write one; a page with it is never allowed."""
    with pytest.raises(DuologueError, match="is not an origin") as error:
        origins.parse(text)
    assert repr(text) in str(error.value)
    assert not origins.allowed(text, ["https://example.com", "https://*.example.com"])


@pytest.mark.parametrize(
    ("origin", "listed", "expected"),
    [
        ("https://example.com", ["https://example.com"], True),
        ("https://EXAMPLE.com:443", ["https://example.com"], True),
        ("http://example.com", ["https://example.com"], False),
        ("https://example.com:8443", ["https://example.com"], False),
        ("https://a.example.com", ["https://example.com"], False),
        ("https://a.example.com", ["https://*.example.com"], True),
        ("https://a.b.example.com", ["https://*.example.com"], False),
        ("https://example.com", ["https://*.example.com"], False),
        ("https://evilexample.com", ["https://*.example.com"], False),
        ("https://example.com.evil.net", ["https://example.com", "https://*.example.com"], False),
        ("https://*.example.com", ["https://*.example.com"], False),
        ("https://xn--bcher-kva.example", ["https://bücher.example"], True),
        ("https://b.example", ["https://a.example", "https://b.example"], True),
        (None, ["https://a.example"], False),
        ("null", ["https://a.example"], False),
        ("https://a.example", [], False),
    ],
)
def test_a_page_is_allowed_by_what_is_listed(
    origin: str | None, listed: list[str], *, expected: bool
) -> None:
    """Exactly, or by one label; never by a part of a name."""
    assert origins.allowed(origin, listed) is expected


@given(schemes, hosts, ports)
def test_an_origin_allows_itself_and_no_other_port(scheme: str, host: str, port: int) -> None:
    """What is listed is allowed; a neighbouring port or another scheme is not."""
    listed = [f"{scheme}://{host}:{port}"]
    assert origins.allowed(listed[0].upper(), listed)
    assert not origins.allowed(f"{scheme}://{host}:{port % 65535 + 1}", listed)
    other = "http" if scheme == "https" else "https"
    assert not origins.allowed(f"{other}://{host}:{port}", listed)


@given(labels, hosts)
def test_a_star_stands_for_one_label(label: str, host: str) -> None:
    """One label more fits; none, two, or a longer name that ends alike do not."""
    listed = [f"https://*.{host}"]
    assert origins.allowed(f"https://{label}.{host}", listed)
    assert not origins.allowed(f"https://{host}", listed)
    assert not origins.allowed(f"https://{label}.{label}.{host}", listed)
    assert not origins.allowed(f"https://{label}{host}", [f"https://{host}"])


@given(st.text())
def test_nonsense_never_raises_where_a_browser_speaks(text: str) -> None:
    """Any header at all is answered with yes or no."""
    assert origins.allowed(text, ["https://example.com"]) in (True, False)
    assert origins.is_loopback(text) in (True, False)


@pytest.mark.parametrize(
    ("origin", "expected"),
    [
        ("http://localhost:8787", True),
        ("http://127.0.0.1", True),
        ("http://127.8.8.8:1", True),
        ("http://[::1]:8787", True),
        ("http://10.0.0.1", False),
        ("http://[2001:db8::1]", False),
        ("https://localhost.example.com", False),
        ("https://example.com", False),
        ("null", False),
        (None, False),
    ],
)
def test_pages_of_this_machine_are_known(origin: str | None, *, expected: bool) -> None:
    """By loopback address or the name localhost, nothing else."""
    assert origins.is_loopback(origin) is expected


A, B = "https://a.example", "https://b.example"
Kind = Literal["secret", "public", "local"]


@pytest.mark.parametrize(
    ("kind", "origin", "of_key", "of_agent", "shown"),
    [
        ("public", A, [A], [], None),
        ("public", A, [A, B], [A], None),
        ("public", B, [A], [], A),
        ("public", B, [A, B], [A], A),
        ("public", None, [A], [], A),
        ("secret", None, [], [], None),
        ("secret", B, [], [], None),
        ("secret", A, [], [A], None),
        ("secret", B, [], [A], A),
        ("secret", None, [], [A], A),
        ("local", None, [], [A], None),
        ("local", "http://localhost:1", [], [A], None),
        ("local", A, [], [A], "pages on this machine"),
        ("public", A, [], [], "none"),
    ],
)
def test_the_rule_of_each_kind_of_key(
    kind: Kind, origin: str | None, of_key: list[str], of_agent: list[str], shown: str | None
) -> None:
    """A public key needs a listed page, the agent's list binds all, no key means this machine."""
    if shown is None:
        origins.check(kind, origin, of_key, of_agent)
        return
    with pytest.raises(DuologueError) as error:
        origins.check(kind, origin, of_key, of_agent)
    assert error.value.code == "origin_refused"
    assert f"its origins: {shown}. " in str(error.value)


@pytest.mark.parametrize(
    ("kind", "origin", "of_key", "of_agent", "mend"),
    [
        ("public", B, [A], [], f"duologue keys allow key_1 {B}"),
        ("public", B, [A], [A], f"duologue keys allow key_1 {B}"),
        ("public", B, [A, B], [A], f"add to origins {B}"),
        ("secret", B, [], [A], f"add to origins {B}"),
        ("local", A, [], [], f"duologue keys create --kind public --agent NAME --origin {A}"),
        ("public", "null", [A], [], "over http or https"),
        ("public", None, [A], [], "over http or https"),
        ("public", None, [A], [], "Pages from 'null' may not"),
        ("public", None, [A], [], "duologue keys create --kind secret"),
    ],
)
def test_a_refused_page_learns_what_lets_it_in(
    kind: Kind, origin: str | None, of_key: list[str], of_agent: list[str], mend: str
) -> None:
    """The command that adds its origin, or the list that it must be added to."""
    with pytest.raises(DuologueError) as error:
        origins.check(kind, origin, of_key, of_agent, key_id="key_1")
    assert str(error.value).rstrip(".").endswith(mend) or mend in str(error.value)
