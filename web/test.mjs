// Bundles every test of the package that it is started in, and hands them to Node's own runner.
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, rmSync } from "node:fs";
import { build } from "esbuild";

const root = `${process.cwd()}/`;
const found = (folder) =>
  readdirSync(root + folder, { recursive: true })
    .map((name) => `${root}${folder}/${name}`)
    .filter((name) => /\.test\.tsx?$/.test(name));
const tests = ["tests", "src"].filter((folder) => existsSync(root + folder)).flatMap(found);
// A folder of its own, for another run may be under way.
const out = `${root}build/${process.pid}/`;
await build({
  entryPoints: tests,
  bundle: true,
  format: "esm",
  jsx: "automatic",
  platform: "node",
  target: "node20",
  conditions: ["source"], // our other packages as they are here
  external: ["react", "react-dom", "react-dom/*", "@livekit/components-react"],
  define: { "process.env.NODE_ENV": '"production"' },
  outbase: root,
  outdir: out,
  outExtension: { ".js": ".mjs" },
  sourcemap: "inline",
  logLevel: "warning",
});
const built = tests.map((name) => name.replace(root, out).replace(/\.tsx?$/, ".mjs"));
const options = ["--enable-source-maps", "--test", "--test-reporter=spec"];
const ran = spawnSync(process.execPath, [...options, ...built], { stdio: "inherit" });
rmSync(out, { recursive: true, force: true });
process.exitCode = ran.status ?? 1;
