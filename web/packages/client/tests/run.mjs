// Bundles every test of the package and hands them to Node's own runner.
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const found = (folder) =>
  readdirSync(root + folder, { recursive: true })
    .map((name) => `${root}${folder}/${name}`)
    .filter((name) => name.endsWith(".test.ts"));
const tests = [...found("tests"), ...found("src")];
// A folder of its own, for another run may be under way.
const out = `${root}build/${process.pid}/`;
await build({
  entryPoints: tests,
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  outbase: root,
  outdir: out,
  outExtension: { ".js": ".mjs" },
  sourcemap: "inline",
  logLevel: "warning",
});
const built = tests.map((name) => name.replace(root, out).replace(/\.ts$/, ".mjs"));
const ran = spawnSync(process.execPath, ["--enable-source-maps", "--test", "--test-reporter=spec", ...built], {
  stdio: "inherit",
});
rmSync(out, { recursive: true, force: true });
process.exitCode = ran.status ?? 1;
