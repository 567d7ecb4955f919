import assert from "node:assert/strict";
import { test } from "node:test";

import { spanIn, spanOf } from "../src/conversation/drawer.js";

const BASE = "https://voice.example/console/traces/run_1/spans/";

test("a hash names a step, and nothing that could lead elsewhere", () => {
  assert.equal(spanOf("#span-00ff"), "00ff");
  for (const hash of ["", "#", "#turn-3", "#span-", "#span-a/../b", "#span-a?b", `#span-${"a".repeat(65)}`]) {
    assert.equal(spanOf(hash), null, hash);
  }
});

test("only links to steps of this conversation open the drawer", () => {
  assert.equal(spanIn("/console/traces/run_1/spans/aa", BASE), "aa");
  assert.equal(spanIn(`${BASE}bb`, BASE), "bb");
  for (const address of [
    "/console/traces/run_2/spans/aa",
    "/console/traces/run_1",
    "/console/traces/run_1/spans/",
    "/console/traces/run_1/spans/a/b",
    "https://evil.example/console/traces/run_1/spans/aa",
    "#turn-1",
    "javascript:alert(1)",
  ]) {
    assert.equal(spanIn(address, BASE), null, address);
  }
});
