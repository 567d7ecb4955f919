/** An import on a server, where there is no page. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { DuologueWidget, EVENTS, LiveLayerWidget } from "../src/index.js";

test("without a page nothing is defined, and nobody is harmed", () => {
  assert.equal(globalThis.customElements, undefined);
  assert.ok(Object.prototype.isPrototypeOf.call(DuologueWidget, LiveLayerWidget));
  assert.equal(EVENTS.length, 11);
});
