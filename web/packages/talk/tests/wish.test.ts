import assert from "node:assert/strict";
import { test } from "node:test";

import type { WidgetFace } from "../../widget/src/wire.js";
import { chosen, command, open, originOf, shown, tag, toml, type Wish } from "../src/site/wish.js";

const FACE: WidgetFace = {
  agent: "front-desk",
  name: "Ada",
  avatarImageUrl: null,
  idleLoopUrl: null,
  greeting: "Hello.",
  pushToTalk: false,
  suggestions: [],
  transports: ["websocket"],
  tabs: "takeover",
  vision: false,
  encryption: "off",
  record: true,
  recorded: false,
  navigation: false,
  consent: null,
  overrides: [],
  attributes: ["title", "start-text", "greeting", "theme", "accent", "feedback"],
  look: {
    title: "Ask us",
    startText: "",
    bubble: true,
    theme: "dark",
    accent: "",
    language: "",
    recordNotice: false,
    feedback: false,
  },
};
const URL = "https://talk.example/";

function wished(change: Partial<Wish>): Wish {
  return { ...chosen(FACE), ...change };
}

test("a tag says nothing that its owner said at the server", () => {
  assert.equal(
    tag(chosen(FACE), FACE, "tag", URL, "dk_public_1"),
    '<script async src="https://talk.example/duologue.js"></script>\n' +
      '<duologue-widget agent="front-desk" key="dk_public_1"></duologue-widget>',
  );
  assert.equal(toml(chosen(FACE), FACE), "");
  assert.deepEqual(shown(chosen(FACE), FACE), {});
});

test("what differs is said in the tag, and nothing can break out of it", () => {
  const wish = wished({ place: "bottom-left", mode: "text", title: 'A "b" <c> & d', theme: "light", bubble: false });
  assert.match(
    tag(wish, FACE, "tag", URL, null),
    /<duologue-widget agent="front-desk" position="bottom-left" mode="text" title="A &quot;b&quot; &lt;c> &amp; d" theme="light" greeting="false"><\/duologue-widget>$/,
  );
});

test("kept in duologue.toml, the look leaves the tag, and the place stays in it", () => {
  const wish = wished({ place: "page", size: "large", accent: "#1a7f5a", feedback: true });
  assert.match(tag(wish, FACE, "toml", URL, null), /agent="front-desk" experience-mode="EMBEDDED">/);
  assert.equal(toml(wish, FACE), '[agents.front-desk.widget]\naccent = "#1a7f5a"\nfeedback = true');
  assert.deepEqual(shown(wish, FACE), { "experience-mode": "EMBEDDED", accent: "#1a7f5a", feedback: "text" });
});

test("what pages may not say is said in duologue.toml alone", () => {
  const wish = wished({ recordNotice: true });
  assert.equal(open("recordNotice", FACE), false);
  assert.equal(open("place", FACE), true);
  assert.doesNotMatch(tag(wish, FACE, "tag", URL, null), /record-notice/);
  assert.match(toml(wish, FACE), /record_notice = true/);
});

test("a site is known by whatever address of it was typed", () => {
  assert.equal(originOf(" shop.example/prices?x=1 "), "https://shop.example");
  assert.equal(originOf("http://localhost:3000/a"), "http://localhost:3000");
  for (const wrong of ["", "ftp://shop.example", "https://", "not a site", "a%20shop"]) assert.equal(originOf(wrong), null);
  assert.equal(command("front-desk", ""), "duologue keys create --kind public --agent front-desk --origin https://your.site");
});
