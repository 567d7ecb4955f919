"""Settings: where they come from, which wins, and how a wrong one is refused."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from duologue.errors import DuologueError
from duologue.settings import NOT_SETTINGS, Price, Settings, load, proxies


def refused(file: Path | None = None, environment: dict[str, str] | None = None) -> DuologueError:
    """The error with which settings are refused."""
    with pytest.raises(DuologueError) as caught:
        load(file, environment or {})
    return caught.value


def written(folder: Path, text: str) -> Path:
    """A settings file with that text."""
    file = folder / "duologue.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_nothing_given_means_the_defaults() -> None:
    """Without file, environment and options the server is for this machine alone."""
    assert load(None, {}) == Settings()
    assert Settings().host == "127.0.0.1"


def test_an_option_beats_the_environment_beats_the_file(tmp_path: Path) -> None:
    """Each source covers the one before it, field by field; what is not given covers nothing."""
    file = written(tmp_path, 'port = 1\nhost = "file"\ndata = "file"')
    environment = {"DUOLOGUE_PORT": "2", "DUOLOGUE_HOST": "environment", "HOME": "elsewhere"}
    found = load(file, environment, port=3, host=None)
    assert (found.port, found.host, found.data) == (3, "environment", "file")


def test_the_environment_is_read_by_each_fields_type() -> None:
    """Numbers are numbers, words are words, whatever they look like."""
    found = load(
        None,
        {"DUOLOGUE_MAX_SESSIONS": "7", "DUOLOGUE_GRACE_SECONDS": "1.5", "DUOLOGUE_DATA": "12"},
    )
    assert (found.max_sessions, found.grace_seconds, found.data) == (7, 1.5, "12")


def test_agents_come_from_tables_of_the_file(tmp_path: Path) -> None:
    """Each `[agents.NAME]` is kept as it was written."""
    file = written(tmp_path, '[agents.front-desk]\ngreeting = "Hello"')
    assert load(file, {}).agents == {"front-desk": {"greeting": "Hello"}}


@pytest.mark.parametrize("name", sorted(NOT_SETTINGS))
def test_names_that_mean_something_else_are_passed_over(name: str) -> None:
    """Variables of the command and of the tests are no settings."""
    assert load(None, {f"DUOLOGUE_{name.upper()}": "x"}) == Settings()


@pytest.mark.parametrize("name", ["DUOLOGUE_PROT", "DUOLOGUE_AGENTS", "DUOLOGUE_"])
def test_an_unknown_variable_is_refused_by_name(name: str) -> None:
    """A misspelt variable is an error that names it, never ignored."""
    error = refused(environment={name: "1"})
    assert error.code == "setting_invalid"
    assert name in error.message


def test_an_unknown_variable_close_to_a_setting_names_that() -> None:
    """Who mistypes a name is told the right one."""
    assert "DUOLOGUE_PORT" in refused(environment={"DUOLOGUE_PROT": "1"}).message


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "70000"),
        ("PORT", "-1"),
        ("PORT", "many"),
        ("MAX_SESSIONS", "0"),
        ("GRACE_SECONDS", "0"),
        ("PRICE_PER_MINUTE", "-0.1"),
        ("LOG_LEVEL", "loud"),
        ("LOG_FORMAT", "xml"),
    ],
)
def test_a_variable_out_of_bounds_is_refused_with_name_value_and_reason(
    name: str, value: str
) -> None:
    """The message holds the variable, what it was, and what it must be."""
    message = refused(environment={f"DUOLOGUE_{name}": value}).message
    assert f"DUOLOGUE_{name}" in message
    assert repr(value) in message
    assert "xpected" in message or "nvalid" in message


def test_an_unknown_variable_like_no_other_gets_the_whole_list() -> None:
    """Who guesses wildly is told every setting there is."""
    message = refused(environment={"DUOLOGUE_ZZZZZZ": "1"}).message
    assert "DUOLOGUE_GRACE_SECONDS" in message
    assert "DUOLOGUE_AGENTS" not in message


def test_a_secret_value_is_not_repeated_in_the_message() -> None:
    """The address of a database may hold a password, so its value stays out of every message."""
    with pytest.raises(DuologueError) as caught:
        load(None, {}, database_url=["postgresql://me:hidden@db/x"])
    assert "database_url" in caught.value.message
    assert "hidden" not in caught.value.message


ROOMS = {
    "DUOLOGUE_LIVEKIT_URL": "wss://rooms.example",
    "DUOLOGUE_LIVEKIT_API_KEY": "key",
    "DUOLOGUE_LIVEKIT_API_SECRET": "hidden",
}


def test_a_livekit_is_known_by_all_it_needs() -> None:
    """Address, key and secret; with one of them missing, that one is named."""
    found = load(None, ROOMS)
    assert (found.livekit_url, found.livekit_api_key) == ("wss://rooms.example", "key")
    for name in ROOMS:
        rest = {other: value for other, value in ROOMS.items() if other != name}
        error = refused(environment=rest)
        assert name.removeprefix("DUOLOGUE_").lower() in error.message
        assert "hidden" not in error.message


def test_livekits_own_variables_are_read_below_ours(tmp_path: Path) -> None:
    """They beat the file, as all of the environment does; an empty one is none."""
    theirs = {"LIVEKIT_URL": "wss://a.example", "LIVEKIT_API_KEY": "k", "LIVEKIT_API_SECRET": "s"}
    file = written(tmp_path, 'livekit_url = "wss://file.example"')
    found = load(file, theirs)
    assert found.livekit_url == "wss://a.example"
    assert (found.livekit_api_key, found.livekit_api_secret) == ("k", "s")
    ours = {"DUOLOGUE_LIVEKIT_URL": "wss://b.example"}
    assert load(None, theirs | ours).livekit_url == "wss://b.example"
    assert load(None, {"LIVEKIT_URL": ""}) == Settings()


def test_the_address_of_a_livekit_is_one() -> None:
    """Browsers open it as a socket."""
    message = refused(environment={**ROOMS, "DUOLOGUE_LIVEKIT_URL": "rooms.example"}).message
    assert "ws://" in message
    assert "'rooms.example'" in message


def test_proxies_are_addresses_and_networks() -> None:
    """As many as there are, or none; whatever is neither is refused by its words."""
    for text, wanted in (
        ("10.0.0.2, 10.1.0.0/16 ,fd00::/8", ["10.0.0.2", "10.1.0.0/16", "fd00::/8"]),
        ("", []),
    ):
        assert proxies(load(None, {"DUOLOGUE_TRUSTED_PROXIES": text})) == wanted
    assert proxies(Settings()) == ["127.0.0.1", "::1"]
    for wrong in ("caddy", "*", "10.0.0.2:80", "10.0.0.5/8", "10.0.0.2 10.0.0.3"):
        message = refused(environment={"DUOLOGUE_TRUSTED_PROXIES": f"::1, {wrong}"}).message
        assert "trusted_proxies" in message
        assert wrong in message


def test_the_secret_of_a_livekit_is_not_repeated() -> None:
    """Not even where it is no text."""
    with pytest.raises(DuologueError) as caught:
        load(None, {}, livekit_api_secret=["hidden"])
    assert "livekit_api_secret" in caught.value.message
    assert "hidden" not in caught.value.message


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("prot = 1", "'prot'"),
        ("port = 70000", "'port'"),
        ('port = "8787"', "'port'"),
        ("[agents]\nfront = 3", "'agents"),
        ("max_sessions = 0", "'max_sessions'"),
    ],
)
def test_a_wrong_line_of_the_file_is_refused_by_name(tmp_path: Path, text: str, named: str) -> None:
    """The field is named as it stands in the file, and so is the file."""
    error = refused(written(tmp_path, text))
    assert error.code == "setting_invalid"
    assert named in error.message


@pytest.mark.parametrize("text", ["port = ", "port: 1", "\udcff"])
def test_a_file_that_is_no_toml_is_refused_with_its_path(tmp_path: Path, text: str) -> None:
    """What cannot be read is an error that names the file and the place."""
    file = tmp_path / "duologue.toml"
    file.write_bytes(text.encode("utf-8", "surrogateescape"))
    error = refused(file)
    assert error.code == "file_invalid"
    assert str(file) in error.message


def test_a_missing_file_is_refused_with_its_path(tmp_path: Path) -> None:
    """A settings file that was asked for must be there."""
    assert "gone.toml" in refused(tmp_path / "gone.toml").message


def test_the_database_lies_in_the_data_folder_unless_an_address_is_given() -> None:
    """SQLite in the data folder, or whatever the address says."""
    assert Settings(data="here").database == "sqlite:///here/duologue.db"
    assert Settings(database_url="postgresql://db/x").database == "postgresql://db/x"
    assert Settings(data="here", database_url="postgresql://db/x").recordings == Path(
        "here/recordings"
    )


def test_settings_cannot_be_changed() -> None:
    """They are handed down as values."""
    with pytest.raises(AttributeError):
        Settings().port = 1  # type: ignore[misc]  # that it is refused is the point
    assert msgspec.structs.replace(Settings(), port=1).port == 1


def test_prices_come_from_tables_of_the_file(tmp_path: Path) -> None:
    """A model's price is kept as it was written, and an unknown or negative part is refused."""
    file = written(tmp_path, '[prices."openai/gpt-4o"]\ninput = 2\noutput = 8.5')
    assert load(file, {}).prices == {"openai/gpt-4o": Price(input=2, output=8.5)}
    for wrong in ("imput = 2", "input = -1"):
        with pytest.raises(DuologueError) as caught:
            load(written(tmp_path, f'[prices."openai/gpt-4o"]\n{wrong}'), {})
        assert "prices" in caught.value.message
    with pytest.raises(DuologueError):
        load(None, {"DUOLOGUE_PRICES": "{}"})


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("trace_otlp", {"trace_otlp": "collector:4318"}),
        ("trace_otlp", {"trace_otlp": "ftp://collector"}),
        ("trace_otlp", {"trace_otlp": "https:///v1"}),
        ("trace_otlp", {"trace_otlp": "http://collector:port"}),
        ("trace_otlp", {"trace_otlp": "http://col lector"}),
        ("trace_otlp", {"trace_otlp": "http://collector/v1/traces/"}),
        ("trace_otlp", {"trace_otlp": "https://me:hidden@collector"}),
        ("trace_otlp", {"trace_otlp": "https://collector?key=hidden"}),
        ("trace_otlp_headers", {"trace_otlp_headers": "x-key=hidden"}),
        ("trace_otlp_headers", {"trace_otlp": "http://a", "trace_otlp_headers": "x-key: hidden"}),
        ("trace_otlp_headers", {"trace_otlp": "http://a", "trace_otlp_headers": "=hidden"}),
        ("trace_otlp_headers", {"trace_otlp": "http://a", "trace_otlp_headers": "a=hidden%0A"}),
        ("trace_otlp_headers", {"trace_otlp": "http://a", "trace_otlp_headers": ["hidden"]}),
        ("trace", {"trace_otlp": "http://a", "trace": "off"}),
        ("trace", {"trace_lines": "lines.jsonl", "trace": "off"}),
    ],
    ids=str,
)
def test_a_trace_goes_to_an_address_with_headers(name: str, settings: dict[str, object]) -> None:
    """What is none of them is refused by name, and no key is repeated."""
    with pytest.raises(DuologueError) as caught:
        load(None, {}, **settings)
    assert caught.value.code == "setting_invalid"
    assert f"{name!r}" in caught.value.message
    assert "hidden" not in caught.value.message


def test_an_address_for_traces_is_taken_as_it_is() -> None:
    """With a path or without, a port or none."""
    for url in ("http://127.0.0.1:4318", "HTTPS://otlp.example.com/otlp/", "http://[::1]:4318"):
        assert load(None, {"DUOLOGUE_TRACE_OTLP": url}).trace_otlp == url
