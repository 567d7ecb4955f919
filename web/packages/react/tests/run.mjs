// Bundles every test of the package and hands them to Node's own runner.
import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = fileURLToPath(new URL("..", import.meta.url));
const tests = readdirSync(`${root}tests`).filter((name) => /\.test\.tsx?$/.test(name));
rmSync(`${root}build`, { recursive: true, force: true });
await build({
  entryPoints: tests.map((name) => `${root}tests/${name}`),
  bundle: true,
  format: "esm",
  jsx: "automatic",
  platform: "node",
  target: "node20",
  conditions: ["source"], // our other packages as they are here
  external: ["react", "react-dom", "react-dom/*", "livekit-client", "@livekit/components-react"],
  define: { "process.env.NODE_ENV": '"production"' },
  outdir: `${root}build`,
  outExtension: { ".js": ".mjs" },
  sourcemap: "inline",
  logLevel: "warning",
});
const built = tests.map((name) => `${root}build/${name.replace(/\.tsx?$/, ".mjs")}`);
const options = ["--enable-source-maps", "--test", "--test-reporter=spec"];
const ran = spawnSync(process.execPath, [...options, ...built], { stdio: "inherit" });
process.exitCode = ran.status ?? 1;
