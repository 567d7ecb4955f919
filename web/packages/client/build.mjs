// Bundles the client, its worklets and the room's part to where the server serves them from, and
// holds the size of what every page loads; `node build.mjs dist` makes what npm publishes.
import { copyFile, readFile, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { asItsOwn, livekit } from "./livekit.mjs";

const LIMIT = 23_000;
const ROOM_LIMIT = 119_500;
const TRACKER_LIMIT = 4_096;
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const published = process.argv[2] === "dist";
const out = here(published ? "dist/" : "../../../src/duologue/console/assets/");
const main = published ? "index.js" : "duologue.js";

const shared = {
  bundle: true,
  minify: true,
  platform: "browser",
  target: ["chrome100", "firefox115", "safari16"],
  legalComments: "none",
  logLevel: "warning",
  sourcemap: published,
};
/** The room's part is a file of its own, which only a session in a room loads. */
const apart = {
  name: "apart",
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/room\.js$/ }, () => ({ path: "./room.js", external: true }));
    if (!published) onResolve({ filter: /^\.\/apart\.js$/ }, () => ({ path: here("src/apart-served.ts") }));
  },
};
/** The tracker is a file of its own: served, a page names it; from npm, whoever uses it gets it. */
const alone = {
  name: "alone",
  setup({ onResolve, onLoad }) {
    const found = published ? { path: "./tracker.js", external: true } : { path: "tracker", namespace: "apart" };
    onResolve({ filter: /^\.\/tracker\/index\.js$/ }, () => found);
    onLoad({ filter: /./, namespace: "apart" }, () => ({ contents: "export {};" }));
  },
};
if (published) await rm(out, { recursive: true, force: true }); // of other days
await Promise.all([
  build({
    ...shared,
    format: "esm",
    entryPoints: [here("src/index.ts")],
    outfile: out + main,
    plugins: [apart, alone],
  }),
  build({
    ...shared,
    format: "esm",
    entryPoints: [here("src/room.ts")],
    outfile: `${out}room.js`,
    // A site's own livekit-client is used once: whoever asks for the room gets one of its kind.
    ...(published ? { external: ["livekit-client"] } : { plugins: [livekit()], tsconfigRaw: asItsOwn }),
  }),
  build({
    ...shared,
    format: "esm",
    entryPoints: [here("src/tracker/index.ts")],
    outfile: `${out}tracker.js`,
  }),
  // A worklet is no module that anybody imports: what it declares stays its own.
  build({
    ...shared,
    format: "iife",
    entryPoints: [here("src/audio/worklet.ts")],
    outfile: `${out}worklet.js`,
  }),
]);

if (published) await copyFile(here("../../../LICENSE"), `${out}LICENSE`);

async function weigh(name) {
  const size = gzipSync(await readFile(out + name), { level: 9 }).length;
  process.stdout.write(`${name}: ${size} bytes with gzip\n`);
  return size;
}
function hold(what, size, limit) {
  process.stdout.write(`${what}: ${size} of ${limit} bytes\n`);
  if (size <= limit) return;
  process.stderr.write(`${what} may have ${limit} bytes with gzip, and has ${size}. Make it smaller.\n`);
  process.exitCode = 1;
}
hold("The client without its room", (await weigh(main)) + (await weigh("worklet.js")), LIMIT);
const room = await weigh("room.js");
if (!published) hold("The room", room, ROOM_LIMIT); // from npm it has no livekit-client in it
hold("The tracker", await weigh("tracker.js"), TRACKER_LIMIT);
