// Bundles what moves on the console to where the server serves it from.
import { build } from "esbuild";

await build({
  entryPoints: ["src/main.ts"],
  bundle: true,
  minify: true,
  format: "esm",
  platform: "browser",
  target: ["chrome100", "firefox115", "safari16"],
  legalComments: "none",
  outfile: "../../../src/duologue/console/assets/console.js",
  logLevel: "warning",
});
