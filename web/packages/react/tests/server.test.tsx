import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
import { StrictMode } from "react";
import { renderToString } from "react-dom/server";
import * as ours from "../src/index.js";

test("there is no browser here, and importing the package asked for none", () => {
  assert.equal(typeof globalThis.window, "undefined");
  assert.equal(typeof globalThis.document, "undefined");
  assert.equal(typeof ours.useLiveKitSession, "function");
});

test("a server renders a whole page as it is before anybody talks", () => {
  const html = renderToString(
    <StrictMode>
      <ours.AgentSessionProvider agentId="demo">
        <ours.ControlBar />
        <ours.ChatTranscript />
        <ours.AudioVisualizer variant="orb" />
        <Widget />
      </ours.AgentSessionProvider>
    </StrictMode>,
  );
  assert.match(html, /Ready when you are/);
  assert.match(html, /What is said appears here\./);
  assert.match(html, /aria-label="The agent is not there"/);
  assert.match(html, /<span style="display:contents"><\/span>/);
});

test("useAgentSession() outside of a provider says what to put where", () => {
  assert.throws(() => renderToString(<ours.ControlBar />), /Put <AgentSessionProvider agentId=…>/);
});

test("what is published says that it is for clients, and shares its contexts", () => {
  const folder = mkdtempSync(join(tmpdir(), "duologue-react-"));
  try {
    const root = process.cwd();
    const ran = spawnSync(process.execPath, [join(root, "build.mjs"), folder], { encoding: "utf8" });
    assert.equal(ran.status, 0, ran.stderr);
    const names = readdirSync(folder);
    const scripts = names.filter((name) => name.endsWith(".js"));
    const text = (name: string): string => readFileSync(join(folder, name), "utf8");
    for (const name of scripts) assert.match(text(name), /^"use client";\n/, name);
    for (const name of scripts) assert.ok(names.includes(`${name}.map`), name);
    const shared = scripts.filter((name) => name.startsWith("shared-"));
    assert.ok(shared.length > 0);
    assert.match(text("livekit.js"), /@livekit\/components-react/);
    for (const name of scripts.filter((one) => one !== "livekit.js")) {
      assert.doesNotMatch(text(name), /from "@livekit\/components-react"/, name);
    }
    assert.ok(names.includes("styles.css"));
  } finally {
    rmSync(folder, { recursive: true });
  }
});

function Widget() {
  const session = ours.useAgentSession();
  return <ours.AvatarWidget agentId={session.agentId} controlledSession={session} className="corner" />;
}
