/** Where the server is. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { baseOf } from "../src/base.js";

const PAGE = "https://shop.example";
const FILE = "file:///site/duologue.js";

test("The address that a page gives counts, without the slashes at its end.", () => {
  assert.equal(baseOf("https://talk.example", FILE, PAGE), "https://talk.example");
  assert.equal(baseOf("https://talk.example/voice//", FILE, PAGE), "https://talk.example/voice");
});

test("Without one it is where the script came from, else the page's own origin.", () => {
  for (const none of [undefined, ""]) {
    assert.equal(baseOf(none, "https://talk.example/assets/duologue.js?v=1", PAGE), "https://talk.example");
    assert.equal(baseOf(none, FILE, PAGE), PAGE);
    assert.equal(baseOf(none, "blob:https://shop.example/1", PAGE), PAGE);
    assert.equal(baseOf(none, FILE, ""), "");
  }
});

test("What is no address is refused by name.", () => {
  for (const wrong of ["talk.example", "/voice", "http://", "https:// x"]) {
    assert.throws(() => baseOf(wrong, FILE, PAGE), { name: "TypeError", message: /baseUrl is no address: "/ });
  }
  const message = 'baseUrl must begin with http:// or https://, not "ftp://x"';
  assert.throws(() => baseOf("ftp://x", FILE, PAGE), { message });
});
