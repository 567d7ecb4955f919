"""Projects of others that install our npm packages: their compiler's and their bundler's view."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests import web_api
from tests.packages.conftest import MODULES, Packed, run
from tests.web_api import PACKAGES

pytestmark = pytest.mark.browser

NEEDED = {
    "client": ("livekit-client",),
    "widget": ("livekit-client",),
    "react": (
        *("livekit-client", "react", "react-dom", "@livekit/components-react"),
        *("@types/react", "@types/react-dom"),
    ),
}
RESOLUTIONS = {"node16": "node16", "nodenext": "nodenext", "bundler": "esnext"}
ROOM_ONLY = "participantConnected"
"""A word of livekit-client's, in whatever bundle it is."""
SOUND_ONLY = "AudioWorkletNode"
"""A word of the client's."""


@pytest.mark.parametrize("resolution", RESOLUTIONS)
@pytest.mark.parametrize("package", PACKAGES)
def test_every_name_has_its_type_however_modules_are_found(
    package: str, resolution: str, packed: Packed, tmp_path: Path
) -> None:
    """A strict project names all that a package offers, and reads nothing but declarations."""
    project = packed.project(tmp_path, *NEEDED[package])
    files = []
    for number, (way, api) in enumerate(web_api.declarations(package).items()):
        assert api.offered
        names = [f"type {name}" if one.is_type else name for name, one in api.offered.items()]
        names += [f"type {name}" for name in api.foreign if not name.startswith("*")]
        files.append(f"site{number}.ts")
        (project / files[-1]).write_text(f'export {{ {", ".join(names)} }} from "{way}";')
    said = run(
        *(MODULES / ".bin" / "tsc", "--noEmit", "--strict", "--exactOptionalPropertyTypes"),
        *("--skipLibCheck", "false", "--target", "es2022", "--lib", "es2023,dom,dom.iterable"),
        *("--module", RESOLUTIONS[resolution], "--moduleResolution", resolution),
        *("--types", "", "--listFiles", *files),
        cwd=project,
        ok=(0, 1, 2),
    ).splitlines()
    # LiveKit's own declarations are not whole without packages that it does not bring along.
    assert [one for one in said if one.startswith(("site", "node_modules/@duologue"))] == []
    listed = [one for one in said if one.startswith("/")]
    ours = [one for one in listed if "/node_modules/@duologue/" in one]
    assert ours
    assert [one for one in ours if not one.endswith(".d.ts") or "/dist/" not in one] == []


@pytest.mark.parametrize("package", PACKAGES)
def test_a_server_may_import_it(package: str, node: str, packed: Packed, tmp_path: Path) -> None:
    """Where there is no window, every way in can be loaded, and does nothing by itself."""
    project = packed.project(tmp_path, *NEEDED[package])
    ways = json.dumps(list(web_api.entries(package)))
    script = f"for (const way of {ways}) console.log(Object.keys(await import(way)).length > 0)"
    said = run(node, "--input-type=module", "-e", script, cwd=project)
    assert set(said.split()) == {"true"}


def site(project: Path, source: str) -> dict[str, Any]:
    """What Vite makes of a page with this script: its manifest."""
    (project / "main.ts").write_text(source)
    (project / "index.html").write_text('<script type="module" src="/main.ts"></script>')
    run(MODULES / ".bin" / "vite", "build", "--manifest", "--logLevel", "warn", cwd=project)
    found: dict[str, Any] = json.loads((project / "dist/.vite/manifest.json").read_text())
    return found


def at_once(project: Path, manifest: dict[str, Any]) -> str:
    """All code that the page loads before anything happens in it."""
    waiting, known = ["index.html"], set[str]()
    while waiting:
        name = waiting.pop()
        known.add(name)
        waiting += [one for one in manifest[name].get("imports", []) if one not in known]
    return "\n".join(read(project, manifest[one]["file"]) for one in sorted(known))


def later(project: Path, manifest: dict[str, Any]) -> str:
    """All code that it may load afterwards."""
    return "\n".join(
        read(project, chunk["file"])
        for chunk in manifest.values()
        if chunk.get("isDynamicEntry") and chunk["file"].endswith(".js")
    )


def read(project: Path, file: str) -> str:
    """A file that Vite wrote."""
    return (project / "dist" / file).read_text(encoding="utf-8")


def test_a_bundler_loads_rooms_only_when_there_is_one(packed: Packed, tmp_path: Path) -> None:
    """With the client, Vite puts LiveKit's code into a file of its own, and the worklet beside."""
    project = packed.project(tmp_path, *NEEDED["client"])
    manifest = site(
        project,
        'import { LiveKitSession } from "@duologue/client";\n'
        'import workletUrl from "@duologue/client/worklet.js?url";\n'
        'const session = new LiveKitSession({ agentId: "desk", workletUrl });\n'
        "document.body.onclick = () => void session.connect();\n",
    )
    first = at_once(project, manifest)
    assert SOUND_ONLY in first
    assert ROOM_ONLY not in first
    assert ROOM_ONLY in later(project, manifest)
    (worklet,) = (project / "dist" / "assets").glob("worklet-*.js")
    assert "registerProcessor" in worklet.read_text(encoding="utf-8")


def test_a_bundler_loads_the_client_only_when_somebody_talks(
    packed: Packed, tmp_path: Path
) -> None:
    """With the widget, neither sound nor rooms are in what the page loads first."""
    project = packed.project(tmp_path, *NEEDED["widget"])
    manifest = site(project, 'import "@duologue/widget";\n')
    first = at_once(project, manifest)
    assert "duologue-widget" in first
    assert SOUND_ONLY not in first
    assert ROOM_ONLY not in first
    assert SOUND_ONLY in later(project, manifest)
