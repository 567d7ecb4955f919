/** What a tag may say, what is said of what it may not, and who else has a say. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { ATTRIBUTES, type Complaint, NAMES, readAttributes } from "../src/attributes.js";
import { stranger } from "../src/face.js";
import { combine } from "../src/settings.js";
import { EVENTS } from "../src/tidings.js";
import { en } from "../src/texts/en.js";
import { FACE, settings } from "./world.js";

const README = readFileSync(`${process.cwd()}/README.md`, "utf8");

function complaints(attributes: Readonly<Record<string, string>>): Complaint[] {
  const found: Complaint[] = [];
  readAttributes((name) => attributes[name] ?? null, (one) => found.push(one));
  return found;
}

test("the README lists every attribute with what it may say and what holds without it", () => {
  const rows = [...README.matchAll(/^\| `([a-z-]+)` \| (.*?) \| (.*?) \| .+ \|$/gm)].map(([, ...row]) => row);
  const wanted = NAMES.map((name) => [name, ATTRIBUTES[name].allowed.replaceAll("|", "\\|"), ATTRIBUTES[name].without]);
  assert.deepEqual(rows, wanted);
});

test("the README lists every event and every key of the words", () => {
  for (const name of EVENTS) assert.ok(README.includes(`| \`${name}\` |`), name);
  for (const key of Object.keys(en)) assert.ok(README.includes(`\`${key}\``), key);
});

test("a value that means nothing is told with what may be said, and the default holds", () => {
  const wrong = { mode: "loud", "mic-muted": "perhaps", metadata: "[1]", avatar: "javascript:alert(1)", "base-url": "" };
  assert.deepEqual(
    complaints(wrong).map(({ name, allowed }) => [name, allowed]),
    [
      ["base-url", "an http(s) address, or one on this site"],
      ["mode", "hybrid, voice, text"],
      ["avatar", "orb, or the address of an image or a film"],
      ["mic-muted", "true, false"],
      ["metadata", "a JSON object"],
    ],
  );
  assert.equal(settings(wrong).mode, "hybrid");
});

test("values are read as they are meant, whatever their case", () => {
  const read = readAttributes((name) =>
    ({ mode: "Voice", "experience-mode": "embedded", suggestions: "One? | Two?|", "default-open": "", metadata: '{"plan":"pro"}' })[name] ?? null,
  );
  assert.equal(read.mode, "voice");
  assert.equal(read["experience-mode"], "EMBEDDED");
  assert.deepEqual(read.suggestions, ["One?", "Two?"]);
  assert.equal(read["default-open"], true);
  assert.deepEqual(read.metadata, { plan: "pro" });
  assert.equal(read.dismissible, null);
});

test("the owner's look holds where the page says nothing, or may not", () => {
  const face = { ...FACE, look: { ...FACE.look, title: "Reception", theme: "dark" as const, feedback: true } };
  assert.equal(settings({}, face).name, "Reception");
  assert.equal(settings({ title: "Mine", theme: "light" }, face).name, "Mine");
  const shut = { ...face, attributes: [] };
  const held = settings({ title: "Mine", theme: "light", mode: "voice" }, shut);
  assert.deepEqual([held.name, held.theme, held.mode, held.feedback], ["Reception", "dark", "voice", "text"]);
});

test("before the server has told, the page's word is all there is", () => {
  const given = readAttributes((name) => (name === "title" ? "Mine" : null));
  assert.equal(combine(given, stranger("front-desk"), false, ["de-AT"]).name, "Mine");
  const plain = combine(readAttributes(() => null), stranger("front-desk"), false, ["de-AT"]);
  assert.deepEqual([plain.name, plain.language], ["Front desk", "de"]);
});

test("a bubble has the page's words, the agent's, or none", () => {
  const loud = { ...FACE, look: { ...FACE.look, bubble: true } };
  assert.equal(settings({}, loud).bubble, "Hello.");
  assert.equal(settings({}).bubble, null);
  assert.equal(settings({ greeting: "" }).bubble, "Hello.");
  assert.equal(settings({ greeting: "Hi you" }).bubble, "Hi you");
  assert.equal(settings({ greeting: "false" }, loud).bubble, null);
});

test("what stands for the agent is the tag's, else its film, else its picture", () => {
  const face = { ...FACE, avatarImageUrl: "https://a.example/a.png" };
  assert.deepEqual(settings({}, face).avatar, { kind: "image", url: "https://a.example/a.png" });
  const film = settings({}, { ...face, idleLoopUrl: "https://a.example/loop" }).avatar;
  assert.deepEqual(film, { kind: "film", url: "https://a.example/loop" });
  assert.deepEqual(settings({ avatar: "https://b.example/b.mp4?v=1" }, face).avatar.kind, "film");
  assert.deepEqual(settings({ avatar: "orb" }, face).avatar, { kind: "orb" });
});
