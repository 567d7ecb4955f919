// Bundles every test of the package and hands them to Node's own runner.
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const names = readdirSync(`${root}tests`).filter((name) => name.endsWith(".test.ts"));
rmSync(`${root}build`, { recursive: true, force: true });
await build({
  entryPoints: names.map((name) => `${root}tests/${name}`),
  bundle: true,
  format: "esm",
  platform: "node",
  conditions: ["source"],
  target: "node20",
  outdir: `${root}build`,
  outExtension: { ".js": ".mjs" },
  sourcemap: "inline",
  logLevel: "warning",
});
const built = names.map((name) => `${root}build/${name.replace(/\.ts$/, ".mjs")}`);
const ran = spawnSync(process.execPath, ["--enable-source-maps", "--test", "--test-reporter=spec", ...built], {
  stdio: "inherit",
});
process.exitCode = ran.status ?? 1;
