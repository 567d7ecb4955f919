// Bundles the widget to where the server serves it from, and holds its size; the client comes later,
// by import(), when somebody is about to talk. `node build.mjs dist` makes what npm publishes.
import { copyFile, readFile, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, transform } from "esbuild";

const LIMIT = 35_000;
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const published = process.argv[2] === "dist";
const out = published ? here("dist/index.js") : here("../../../src/duologue/console/assets/widget.js");

/** Style sheets are strings to the bundler, which makes only code smaller. */
const smallStyles = {
  name: "small-styles",
  setup(bundler) {
    bundler.onLoad({ filter: /src[\\/]styles[\\/].*\.ts$/ }, async ({ path }) => {
      const source = await readFile(path, "utf8");
      const sheets = [...source.matchAll(/css`([^`]*)`/g)];
      const small = await Promise.all(
        sheets.map(([, sheet]) => transform(sheet, { loader: "css", minify: true })),
      );
      let place = 0;
      const contents = source.replace(/css`[^`]*`/g, () => JSON.stringify(small[place++].code.trim()));
      return { contents, loader: "ts" };
    });
  },
};

if (published) await rm(here("dist/"), { recursive: true, force: true }); // of other days
await build({
  entryPoints: [here(published ? "src/index.ts" : "src/script.ts")],
  bundle: true,
  minify: true,
  sourcemap: published ? "linked" : false,
  platform: "browser",
  format: published ? "esm" : "iife",
  external: ["@duologue/client"],
  target: ["chrome100", "firefox115", "safari16"],
  legalComments: "none",
  plugins: [smallStyles],
  outfile: out,
  logLevel: "warning",
});
if (published) await copyFile(here("../../../LICENSE"), here("dist/LICENSE"));

const size = gzipSync(await readFile(out), { level: 9 }).length;
process.stdout.write(`${published ? "index.js" : "widget.js"}: ${size} of ${LIMIT} bytes with gzip\n`);
if (size > LIMIT) {
  process.stderr.write(`The widget may have ${LIMIT} bytes with gzip, and has ${size}. Make it smaller.\n`);
  process.exitCode = 1;
}
