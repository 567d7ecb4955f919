// Bundles the widget to where the server serves it from, and holds its size; the client comes later,
// by import(), when somebody is about to talk, and so does each language but English, when it is shown.
// `node build.mjs dist` makes what npm publishes.
import { copyFile, readdir, readFile, rm } from "node:fs/promises";
import { basename } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { build, transform } from "esbuild";

const LIMIT = 32_000;
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const published = process.argv[2] === "dist";
const out = here(published ? "dist/" : "../../../src/duologue/console/assets/");
const main = published ? "index.js" : "widget.js";

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
const shared = {
  bundle: true,
  minify: true,
  sourcemap: published ? "linked" : false,
  platform: "browser",
  target: ["chrome100", "firefox115", "safari16"],
  legalComments: "none",
  logLevel: "warning",
};
const script = { ...shared, entryPoints: [here(published ? "src/index.ts" : "src/script.ts")], plugins: [smallStyles] };
if (published) {
  // Whoever bundles it gets a file for each language, as in the source.
  const apart = { splitting: true, chunkNames: "[name]-[hash]", outdir: out, external: ["@duologue/client"] };
  await build({ ...script, ...apart, format: "esm" });
} else {
  const languages = (await readdir(here("src/texts/"))).map((file) => basename(file, ".ts"));
  const files = languages.filter((name) => name !== "en" && name !== "index");
  await Promise.all([
    build({ ...script, format: "iife", outfile: out + main }),
    ...files.map((name) =>
      build({
        ...shared,
        format: "esm",
        charset: "utf8", // as every module is read
        entryPoints: [here(`src/texts/${name}.ts`)],
        outfile: `${out}widget-${name}.js`,
      }),
    ),
  ]);
}
if (published) await copyFile(here("../../../LICENSE"), here("dist/LICENSE"));

const size = gzipSync(await readFile(out + main), { level: 9 }).length;
process.stdout.write(`${main}: ${size} of ${LIMIT} bytes with gzip\n`);
if (size > LIMIT) {
  process.stderr.write(`The widget may have ${LIMIT} bytes with gzip, and has ${size}. Make it smaller.\n`);
  process.exitCode = 1;
}
