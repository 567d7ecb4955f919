// Bundles the page's script to where the server serves it from; the widget on it is a script of its own.
import { build } from "esbuild";

await build({
  entryPoints: ["src/main.ts"],
  bundle: true,
  minify: true,
  format: "esm",
  platform: "browser",
  target: ["chrome100", "firefox115", "safari16"],
  legalComments: "none",
  outfile: "../../../src/duologue/console/assets/talk.js",
  logLevel: "warning",
});
