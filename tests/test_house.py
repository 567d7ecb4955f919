"""The house's own rules, held for every file that git tracks."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SRC = ROOT / "src" / "duologue"
LOCKS = ("requirements/", "web/package-lock.json")
ROOMS = {
    "errors": set[str](),
    "settings": {"errors"},
    "wire": {"errors"},
    "core": {"errors", "wire"},
    "client": {"errors", "wire", "core"},
    "store": {"errors", "settings", "wire", "core"},
    "bus": {"errors", "settings", "wire", "core"},
    "access": {"errors", "settings", "wire", "core", "store", "bus"},
}
"""What the lower rooms may import of ours; import-linter holds the order of all of them."""
HOSTS_OF_AGENTS = ("agents/", "pipeline/", "trace/", "transports/livekit", "testing/")
HOSTS_OF_ROOMS = ("transports/livekit", "client/")
# The context in which the plugins' HTTP sessions live is opened around the whole server.
OPENS_HTTP_CONTEXT = ("server/serve.py", "livekit.agents.utils")
CLOCKS = {"time", "datetime", "asyncio", "logging", "structlog", "random", "secrets", "threading"}


@cache
def tracked() -> tuple[str, ...]:
    """Every file that git tracks and that is still there."""
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True
    ).stdout.splitlines()
    return tuple(name for name in listed if (ROOT / name).is_file())


def text_of(name: str) -> str:
    """The text of a tracked file; of a picture, nothing."""
    try:
        return (ROOT / name).read_text(encoding="utf-8")
    except UnicodeDecodeError:
        return ""


def modules() -> list[str]:
    """Our modules, as paths below the package."""
    prefix = "src/duologue/"
    return [n.removeprefix(prefix) for n in tracked() if n.startswith(prefix) and n.endswith(".py")]


def imports(module: str) -> Iterator[str]:
    """Every name that a module imports, also inside functions: `package.module.name`."""
    for node in ast.walk(ast.parse((SRC / module).read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def room(module: str) -> str:
    """The room of a module: its folder, or its own name."""
    return module.split("/")[0].removesuffix(".py")


def test_imports_point_down_only() -> None:
    """The contracts of .importlinter hold: no room imports one above or beside it."""
    linted = subprocess.run(
        [str(Path(sys.executable).with_name("lint-imports")), "--no-logo", "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert linted.returncode == 0, linted.stdout


@pytest.mark.parametrize("module", modules())
def test_each_room_imports_only_what_it_may(module: str) -> None:
    """Lower rooms, the client and the console keep to their lists, and nobody imports testing."""
    ours = {name.split(".")[1] for name in imports(module) if name.startswith("duologue.")}
    here = room(module)
    others = ours - {here}
    if here in ROOMS:
        assert others <= ROOMS[here]
    if here == "console":
        assert not others & {"pipeline", "transports"}
    if here not in ("cli", "testing", "__init__"):
        assert "client" not in others
    assert "testing" not in others


@pytest.mark.parametrize("module", modules())
def test_livekit_is_imported_only_where_voices_live(module: str) -> None:
    """livekit.agents and rtc.Room stay behind the rooms that exist to hide them."""
    names = set(imports(module))
    agents = {
        name
        for name in names
        if (name == "livekit.agents" or name.startswith("livekit.agents."))
        and not (module == OPENS_HTTP_CONTEXT[0] and name.startswith(OPENS_HTTP_CONTEXT[1]))
    }
    if not module.startswith(HOSTS_OF_AGENTS):
        assert not agents
    if not module.startswith(HOSTS_OF_ROOMS):
        tree = ast.parse((SRC / module).read_text(encoding="utf-8"))
        used = {
            node.attr
            for node in ast.walk(tree)
            if isinstance(node, ast.Attribute)
            and isinstance(node.value, ast.Name)
            and node.value.id == "rtc"
        }
        assert "Room" not in used
        assert "livekit.rtc.Room" not in names


def test_only_one_module_of_the_ledger_touches_the_store() -> None:
    """The tracing wrapper works without SQL."""
    touching = [
        module
        for module in modules()
        if room(module) == "trace"
        and any(name.startswith(("duologue.store", "sqlalchemy")) for name in imports(module))
    ]
    assert len(touching) <= 1


@pytest.mark.parametrize("module", [m for m in modules() if room(m) in ("wire", "core")])
def test_words_and_rules_never_wait_look_at_a_clock_or_log(module: str) -> None:
    """In wire and core nothing awaits, and time and chance are handed in."""
    tree = ast.parse((SRC / module).read_text(encoding="utf-8"))
    waiting = (ast.AsyncFunctionDef, ast.Await, ast.AsyncFor, ast.AsyncWith)
    assert not [node for node in ast.walk(tree) if isinstance(node, waiting)]
    assert not {name.split(".")[0] for name in imports(module)} & CLOCKS
    assert "print" not in {n.id for n in ast.walk(tree) if isinstance(n, ast.Name)}


@pytest.mark.parametrize("module", [m for m in modules() if room(m) in ("wire", "core", "access")])
def test_each_rule_has_the_test_module_of_its_name(module: str) -> None:
    """A module of wire, core or access is covered by tests/ROOM/test_NAME.py."""
    path = Path(module)
    if path.name != "__init__.py":
        assert (ROOT / "tests" / path.parent / f"test_{path.name}").is_file()


@pytest.mark.parametrize(
    "name",
    [n for n in tracked() if n.endswith((".py", ".ts", ".tsx", ".mjs")) and "/vendor/" not in n],
)
def test_no_file_has_a_second_job(name: str) -> None:
    """500 lines are the end of every source file."""
    assert len(text_of(name).splitlines()) <= 500


def test_half_of_all_files_are_short() -> None:
    """The median source file has fewer than 150 lines."""
    lengths = sorted(len(text_of(f"src/duologue/{name}").splitlines()) for name in modules())
    assert lengths[len(lengths) // 2] < 150


def test_importing_duologue_loads_neither_engines_nor_servers() -> None:
    """A script that says `import duologue` waits for nothing that only a server needs."""
    heavy = "{'livekit', 'sqlalchemy', 'litestar', 'uvicorn', 'numpy', 'typer'}"
    program = f"import sys, duologue; print(sorted({heavy} & set(sys.modules)))"
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    assert ran.stdout.strip() == "[]"


def test_no_file_names_a_registry_or_a_folder_of_one_machine() -> None:
    """Locks carry hashes and no addresses; nothing points into somebody's home."""
    folders = "|".join(["/ho" + "me/", "/ro" + "ot/", "/Us" + "ers/", "/wo" + "rk/"])
    hosts = "|".join(
        ["pypi" + r"\.org", "pythonhosted" + r"\.org", "registry" + r"\.npmjs", "crates" + r"\.io"]
    )
    pattern = re.compile(
        rf"(?:{hosts})|(?<![\w.$}}*-])(?:{folders})\w|--(?:extra-)?index-url|\"resolved\": *\"http"
    )
    found = {name: match[0] for name in tracked() if (match := pattern.search(text_of(name)))}
    assert found == {}


def test_every_ignored_type_names_its_code_and_reason() -> None:
    """`type: ignore` stands with the checker's code and, behind it, why."""
    bare = re.compile(r"#\s*type:\s*ignore(?!\[[\w-]+(?:,\s*[\w-]+)*\]\s+#\s*\S)")
    found = [
        f"{name}:{number}"
        for name in tracked()
        if name.endswith(".py") and name != "tests/test_house.py"
        for number, line in enumerate(text_of(name).splitlines(), 1)
        if bare.search(line)
    ]
    assert found == []


def test_nothing_is_left_for_later() -> None:
    """No source file promises to be finished some day."""
    word = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|XX" + r"X)\b|raise NotImplemented" + "Error")
    names = [n for n in tracked() if n.startswith(("src/", "tests/", "web/", "bench/"))]
    found = [n for n in names if not n.startswith(LOCKS) and word.search(text_of(n))]
    assert found == []


def test_locks_agree_on_every_version() -> None:
    """What the server installs is what its tests installed."""
    pins = re.compile(r"^([\w.-]+(?:\[[\w,-]+\])?)==(\S+)", re.MULTILINE)
    dev = dict(pins.findall(text_of("requirements/dev.txt")))
    server = dict(pins.findall(text_of("requirements/server.txt")))
    assert server
    assert {name: dev.get(name) for name in server} == server
