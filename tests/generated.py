"""`make docs`: the reference pages and types that are written from the code, never by hand."""

from __future__ import annotations

import inspect
import re
import sys
from pathlib import Path
from typing import Any

import msgspec
import typer
from tests import agents_page, llms, platforms, security_page, web_api
from tests.signatures import documented
from tests.widget_types import widget_types
from tests.wire_types import wire_types

from duologue import errors, settings
from duologue.cli.app import app

ROOT = Path(__file__).parent.parent
NOTE = "<!-- Written by `make docs` from {}: change that, not this. -->\n"
READ = (
    "They are read from `duologue.toml` in the current folder (or `--config FILE`), over it from "
    "the environment, over it from a command's options. An unknown one is an error, never "
    "ignored.\n"
)


def settings_page() -> str:
    """Every setting, its variable, its default and what it does."""
    words = documented(settings.Settings)
    rows = []
    for each in msgspec.structs.fields(settings.Settings):
        default = each.default_factory() if callable(each.default_factory) else each.default
        variable = "" if each.name in settings.TABLES else f"`DUOLOGUE_{each.name.upper()}`"
        shown = f"`{default}`" if default not in ("", {}) else ""
        rows.append(f"| `{each.name}` | {variable} | {shown} | {words[each.name]} |")
    return "\n".join(
        (
            "# Settings\n",
            NOTE.format("src/duologue/settings.py"),
            READ,
            "| in duologue.toml | in the environment | default | what it does |",
            "|---|---|---|---|",
            *rows,
            "",
        )
    )


def errors_page() -> str:
    """Every error code, where it shows itself, and its sentence."""
    source = inspect.getsource(errors)
    source = source[source.index("FAULTS") : source.index("\n}")]
    lines = ["# Errors\n", NOTE.format("src/duologue/errors.py")]
    lines.append(
        'Over HTTP an error is `{"error": sentence, "code": code}` with the status below; a socket '
        "closes with the code below, after a `response.data` notice that says the same. Values "
        "stand where the braces are."
    )
    for line in source.splitlines():
        if heading := re.fullmatch(r"    # (.+)", line):
            lines += [
                f"\n## {heading[1]}\n",
                "| code | HTTP | socket | sentence |",
                "|---|---|---|---|",
            ]
        elif entry := re.match(r'    "(\w+)": Fault\(', line):
            fault = errors.FAULTS[entry[1]]
            close = "" if fault.close is None else str(fault.close)
            sentence = fault.message.replace("!r}", "}").replace("|", "\\|")
            lines.append(f"| `{entry[1]}` | {fault.status} | {close} | {sentence} |")
    return "\n".join([*lines, ""])


def cli_page() -> str:
    """Every command with its arguments and options."""
    lines = ["# Commands\n", NOTE.format("src/duologue/cli"), f"{app.info.help}\n"]
    lines.append(
        "Exit codes: 0 done, 1 error, 2 wrongly called. Errors are one sentence on stderr; with "
        '`--json` they are `{"error", "code"}`, and every answer is one line of JSON on stdout.\n'
    )
    for name, command in llms.commands(typer.main.get_command(app), "duologue"):
        lines += _command(name, command)
    return "\n".join(lines)


def _command(name: str, command: Any) -> list[str]:
    given = [each for each in command.params if each.param_type_name == "argument"]
    options = [each for each in command.params if each.param_type_name == "option"]
    arguments = "".join(f" {_metavar(each)}" for each in given)
    lines = [f"## `{name}{arguments}`\n", inspect.cleandoc(command.help) + "\n"]
    lines += [f"- `{_metavar(each)}`: {each.help}" for each in given if each.help]
    lines += [f"- `{each.opts[0]}{_value(each)}`: {_meaning(each)}" for each in options]
    return [*lines, ""]


def _metavar(argument: Any) -> str:
    name = argument.metavar or argument.name.upper()
    return str(name)


def _meaning(option: Any) -> str:
    words = str(option.help)
    if option.required:
        return f"{words} Required."
    default = option.default
    return words if default in (None, "", False) else f"{words} Default: `{default}`."


def _value(option: Any) -> str:
    if option.is_flag:
        return ""
    return f" {str(option.metavar or option.name).upper()}"


PAGES = {
    "docs/settings.md": settings_page,
    "docs/agents.md": agents_page.page,
    "docs/errors.md": errors_page,
    "docs/cli.md": cli_page,
    "docs/platforms.md": platforms.page,
    "docs/security.md": security_page.page,
    "docs/llms.txt": llms.page,
    "web/packages/client/src/wire.ts": wire_types,
    "web/packages/widget/src/wire.ts": widget_types,
}


def main() -> int:
    """Writes every page; those of the npm packages where their compiler is installed."""
    for name, make in (PAGES | (web_api.REPORTS if web_api.TSC.exists() else {})).items():
        (ROOT / name).write_text(make(), encoding="utf-8")
        sys.stdout.write(f"wrote {name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
