// Makes what npm publishes: two modules that share their contexts, and one sheet of styles;
// `node build.mjs FOLDER` makes it elsewhere.
import { copyFile, rm } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const out = process.argv[2] ?? here("dist");
const shared = { target: ["chrome100", "firefox115", "safari16"], logLevel: "warning" };

await rm(out, { recursive: true, force: true }); // of other days
await Promise.all([
  build({
    ...shared,
    entryPoints: [here("src/index.ts"), here("src/livekit.tsx")],
    outdir: out,
    bundle: true,
    splitting: true, // a context that is there twice is two contexts
    chunkNames: "shared-[hash]",
    format: "esm",
    jsx: "automatic",
    platform: "browser",
    packages: "external",
    sourcemap: true,
    legalComments: "none",
    banner: { js: '"use client";' },
  }),
  build({
    ...shared,
    entryPoints: [here("src/styles.css")],
    outfile: `${out}/styles.css`,
    bundle: true,
    minify: true,
  }),
]);
await copyFile(here("../../../LICENSE"), `${out}/LICENSE`);
