"""The room that servers serve: livekit-client without what no browser of ours needs, but whole."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest
from tests.packages.conftest import run
from tests.packages.test_sizes import copied
from tests.web_api import WEB

pytestmark = pytest.mark.browser

CLIENT = WEB / "packages" / "client"
# What each thing that it exports is made of, in the package's own bundle and in ours.
COMPARE = """
import { build } from "esbuild";
import { asItsOwn, livekit } from "./livekit.mjs";
const [out] = process.argv.slice(1);
await build({
  stdin: { contents: 'export * from "livekit-client"', resolveDir: process.cwd() },
  bundle: true, format: "esm", platform: "browser", outfile: out,
  target: ["chrome100", "firefox115", "safari16"],
  plugins: [livekit()], tsconfigRaw: asItsOwn,
});
const names = (of) => Object.getOwnPropertyNames(of).sort();
// A class alone: a function may be an async one in ours.
const isClass = (one) => typeof one === "function" && /^class /.test(String(one));
const parts = (one) => isClass(one) ? names(one.prototype) : typeof one;
const told = (all) => ({
  ...Object.fromEntries(Object.entries(all).map(([name, one]) => [name, parts(one)])),
  "a room": names(new all.Room()),
});
const both = [await import("livekit-client"), await import(out)].map(told);
process.stdout.write(JSON.stringify(both));
process.exit();
"""
CHANGES = {
    'ADAPTER = "9.': ('ADAPTER = "8.', "was read. Read what it does"),
    "^webrtc-adapter$": ("^another$", "has no webrtc-adapter any more"),
    "TypedPromise": ("Another", "esbuild rewrites a `super`"),
    "LOGS = 350": ("LOGS = 5000", "of livekit-client's log were found"),
    '"index.ts"': ('"main.ts"', "comes without its sources"),
}
"""What would be so with another livekit-client, and what the build says then."""
# A page that connects three times; Node.js, too, remembers a module that failed.
CONNECT = """
import { rmSync, writeFileSync } from "node:fs";
const [folder] = process.argv.slice(1);
const opening = {
  transport: "livekit", url: "ws://rooms.test", token: "a.b.c", room_name: "r",
  participant_token: "a.b.c",
  conversation_id: "conv_1", session_id: "ses_1", resume_token: "", resumed: null,
  config: {
    capabilities: [], transcription: { trigger: "automatic" }, tabs: "takeover", audio: null,
  },
  agent: { name: "", avatarImageUrl: null, idleLoopUrl: null },
};
globalThis.addEventListener = globalThis.removeEventListener = () => {};
globalThis.RTCPeerConnection = class {};
globalThis.fetch = async () => new Response(JSON.stringify(opening));
globalThis.entered = [];
const { Session } = await import(`${folder}/duologue.js`);
const told = [];
const connect = async () => {
  const given = { agent: "a", baseUrl: "http://a.test", memory: null, microphone: false };
  const session = new Session(given);
  session.on("error", () => {});
  await session.connect().catch(({ code }) => told.push(entered.length === 0 ? code : "loaded"));
};
writeFileSync(`${folder}/room.js`, "throw new Error('the network broke')");
await connect();
writeFileSync(`${folder}/room.js`, `
  const one = {};
  export const rooms = {
    audio: class { constructor() { throw new Error("none here"); } },
    enter() { entered.push(one); throw new Error("no further"); },
  };
`);
await connect();
await connect();
process.stdout.write(JSON.stringify([told, entered.length, new Set(entered).size]));
process.exit();
"""


def test_a_room_that_failed_to_load_is_loaded_anew(node: str, tmp_path: Path) -> None:
    """Under another address, as a browser may remember the first; and of what came there is one."""
    copy = copied("client", tmp_path)
    run(node, "build.mjs", cwd=copy)
    assets = tmp_path / "src" / "duologue" / "console" / "assets"
    (assets / "package.json").write_text('{"type": "module"}')
    said = run(node, "--input-type=module", "-e", CONNECT, "--", assets, cwd=tmp_path)
    assert json.loads(said) == [["unreachable", "loaded", "loaded"], 2, 1]


def test_bundlers_find_the_room_of_the_published_package(node: str, tmp_path: Path) -> None:
    """They follow an import that they can read, and no other."""
    copy = copied("client", tmp_path)
    shutil.copy(WEB.parent / "LICENSE", tmp_path)
    run(node, "build.mjs", "dist", cwd=copy)
    assert 'import("./room.js")' in (copy / "dist" / "index.js").read_text("utf-8")


def test_it_has_all_that_the_package_has(node: str, tmp_path: Path) -> None:
    """Who asks a session for its room may do everything with it that LiveKit's documents say."""
    out = tmp_path / "livekit.mjs"
    theirs, ours = json.loads(
        run(node, "--input-type=module", "-e", COMPARE, "--", out, cwd=CLIENT)
    )
    assert len(theirs["Room"]) > 50
    assert len(theirs["a room"]) > 50
    assert ours == theirs


@pytest.mark.parametrize("place", CHANGES)
def test_a_build_fails_where_livekit_client_is_another(
    place: str, node: str, tmp_path: Path
) -> None:
    """What was left out was read once; another release of it is read again before it ships."""
    copy = copied("client", tmp_path)
    script = (copy / "livekit.mjs").read_text(encoding="utf-8")
    instead, said = CHANGES[place]
    assert place in script
    (copy / "livekit.mjs").write_text(script.replace(place, instead))
    done = subprocess.run(
        [node, "build.mjs"], cwd=copy, capture_output=True, text=True, timeout=180, check=False
    )
    assert done.returncode != 0
    assert said in done.stderr
