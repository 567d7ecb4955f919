// Bundles the page's script, with the client in it, to where the server serves it from.
import { build } from "esbuild";

await build({
  entryPoints: ["src/main.ts"],
  bundle: true,
  minify: true,
  format: "esm",
  platform: "browser",
  conditions: ["source"], // the client as it is here, not as it was published last
  target: ["chrome100", "firefox115", "safari16"],
  legalComments: "none",
  outfile: "../../../src/duologue/console/assets/talk.js",
  logLevel: "warning",
});
