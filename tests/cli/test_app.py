"""The command as a whole: exit codes, errors, settings."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib.metadata import version

import pytest
from tests.cli.conftest import Shell

COMMANDS = (
    "dev",
    "serve",
    "doctor",
    "agents list",
    "agents show",
    "agents publish",
    "agents unpublish",
    "keys create",
    "keys list",
    "keys revoke",
    "conversations list",
    "conversations show",
    "conversations export",
    "conversations delete",
    "orgs list",
    "orgs create",
    "orgs credit",
)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_takes_data_and_json_and_explains_itself(shell: Shell, command: str) -> None:
    """`--help` ends well and names the options that all commands share."""
    answer = shell(*command.split(), "--help")
    assert answer.code == 0
    assert "--data" in answer.out
    assert "--json" in answer.out
    assert "--config" in answer.out


@pytest.mark.parametrize(
    "arguments",
    [["nonsense"], ["keys", "create"], ["orgs", "list", "--nonsense"], ["dev", "--port", "x"]],
)
def test_a_wrong_call_exits_with_2(shell: Shell, arguments: list[str]) -> None:
    """Usage errors have their own exit code, and JSON when that was asked for."""
    answer = shell(*arguments)
    assert answer.code == 2
    assert answer.out == ""
    error = json.loads(shell(*arguments, "--json").err)
    assert error["code"] == "usage"
    assert error["error"].strip() == answer.err.strip()


def test_the_version_is_told(shell: Shell) -> None:
    """`--version` answers with the installed version and ends well."""
    answer = shell("--version")
    assert (answer.code, answer.out) == (0, f"duologue {version('duologue')}\n")


def test_an_error_is_one_sentence_without_a_traceback(shell: Shell) -> None:
    """An error of the table exits with 1 and says what, which value, what to do."""
    answer = shell("conversations", "show", "conv_x")
    assert (answer.code, answer.out) == (1, "")
    assert answer.err == "There is no conversation 'conv_x'.\n"
    assert json.loads(shell("conversations", "show", "conv_x", "--json").err) == {
        "error": "There is no conversation 'conv_x'.",
        "code": "conversation_not_found",
    }


def test_settings_come_from_the_folders_file_or_the_given_one(shell: Shell) -> None:
    """`duologue.toml` counts where it lies, `--config` anywhere, and `--data` covers both."""
    (shell.folder / "duologue.toml").write_text('data = "here"')
    (shell.folder / "other.toml").write_text('data = "there"')
    assert shell("orgs", "list").code == 0
    assert shell("orgs", "list", "--config", "other.toml").code == 0
    assert shell("orgs", "list", "--data", "given").code == 0
    made = {path.parent.name for path in shell.folder.glob("*/duologue.db")}
    assert made == {"here", "there", "given"}


def test_a_misspelt_setting_stops_every_command(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unknown settings are an error, never ignored."""
    monkeypatch.setenv("DUOLOGUE_PROT", "1")
    answer = shell("orgs", "list")
    assert answer.code == 1
    assert "DUOLOGUE_PORT" in answer.err


def test_a_database_that_cannot_be_opened_is_an_error_and_no_crash(shell: Shell) -> None:
    """A file that is no database, and a folder that is a file, are told in one line."""
    (shell.folder / "broken").mkdir()
    (shell.folder / "broken" / "duologue.db").write_text("this is no database" * 100)
    (shell.folder / "file").write_text("")
    for data in ("broken", "file"):
        answer = shell("orgs", "list", "--data", data)
        assert answer.code == 1
        assert answer.err.count("\n") == 1


def test_without_the_server_extra_the_command_names_what_to_install() -> None:
    """A client's install has the command, and it says what is missing."""
    program = (
        "import sys; sys.modules['typer'] = None; "
        "from duologue.cli import main; sys.exit(main(['dev']))"
    )
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 1
    assert "pip install 'duologue[server]'" in ran.stderr
    assert "Traceback" not in ran.stderr


def test_the_package_runs_as_a_module() -> None:
    """`python -m duologue` is the command."""
    ran = subprocess.run(
        [sys.executable, "-m", "duologue", "--help"], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0
    assert "conversations" in ran.stdout
