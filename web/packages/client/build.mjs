// Bundles the client and its worklets to where the server serves them from, and holds their size.
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";

const LIMIT = 20_000;
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const assets = here("../../../src/duologue/console/assets/");

const shared = {
  bundle: true,
  minify: true,
  platform: "browser",
  target: ["chrome100", "firefox115", "safari16"],
  legalComments: "none",
  logLevel: "warning",
};
await Promise.all([
  build({
    ...shared,
    format: "esm",
    entryPoints: [here("src/index.ts")],
    outfile: `${assets}duologue.js`,
  }),
  // A worklet is no module that anybody imports: what it declares stays its own.
  build({
    ...shared,
    format: "iife",
    entryPoints: [here("src/audio/worklet.ts")],
    outfile: `${assets}worklet.js`,
  }),
]);

let total = 0;
for (const name of ["duologue.js", "worklet.js"]) {
  const size = gzipSync(await readFile(assets + name), { level: 9 }).length;
  total += size;
  process.stdout.write(`${name}: ${size} bytes with gzip\n`);
}
process.stdout.write(`together: ${total} of ${LIMIT} bytes\n`);
if (total > LIMIT) {
  process.stderr.write(`The client may have ${LIMIT} bytes with gzip, and has ${total}. Make it smaller.\n`);
  process.exitCode = 1;
}
