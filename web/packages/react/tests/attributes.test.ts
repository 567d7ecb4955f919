import assert from "node:assert/strict";
import { test } from "node:test";
import { attributesOf } from "../src/avatar-widget.js";

test("props are the tag's attributes, by the tag's names and as texts", () => {
  const found = attributesOf({
    agentId: "demo",
    apiKey: "dk_public_1",
    baseUrl: "https://example.org",
    experienceMode: "EMBEDDED",
    persistKey: "corner",
    dismissible: false,
    suggestions: ["One", "Two"],
    texts: { talk: "Speak" },
    recordNotice: true,
    greeting: undefined,
    sessionBody: { plan: "gold" },
    className: "corner",
    id: "talk",
  });
  assert.deepEqual(Object.fromEntries(found), {
    agent: "demo",
    key: "dk_public_1",
    "base-url": "https://example.org",
    "experience-mode": "EMBEDDED",
    "persist-key": "corner",
    dismissible: "false",
    suggestions: "One|Two",
    texts: '{"talk":"Speak"}',
    "record-notice": "true",
    metadata: '{"plan":"gold"}',
    class: "corner",
    id: "talk",
  });
});

test("what is told to the element in other ways is no attribute", () => {
  const found = attributesOf({
    agentId: "demo",
    sessionEndpoint: "/session",
    visitor: () => "vis_1",
    onNavigate: () => {},
    onOpen: () => {},
    onState: () => {},
    onFeedback: () => {},
    style: { color: "red" },
  });
  assert.deepEqual([...found.keys()], ["agent"]);
});
