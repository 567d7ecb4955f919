import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { test } from "node:test";

const ROOT = process.cwd();
const PAGES = ["README.md", "../../../docs/react.md"];

test("every piece of code in the documents is right, to the strictest compiler", () => {
  const folder = join(ROOT, "build/docs");
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  let count = 0;
  for (const page of PAGES) {
    const text = readFileSync(join(ROOT, page), "utf8");
    for (const [, code = ""] of text.matchAll(/```tsx\n(.*?)```/gs)) {
      writeFileSync(join(folder, `code${count++}.tsx`), code);
    }
  }
  assert.ok(count >= 6, `${count} pieces`);
  writeFileSync(join(folder, "css.d.ts"), 'declare module "*.css";\n');
  const config = { extends: "../../tsconfig.json", include: ["."] };
  writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(config));
  const tsc = join(dirname(createRequire(import.meta.url).resolve("typescript/package.json")), "bin/tsc");
  const ran = spawnSync(process.execPath, [tsc, "--noEmit", "-p", folder], { encoding: "utf8" });
  assert.equal(ran.status, 0, ran.stdout);
});
