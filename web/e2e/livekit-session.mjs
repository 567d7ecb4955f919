// `node livekit-session.mjs FOLDER [PROGRAM…]`: bundles the document's programs of a LiveKitSession, and
// others, whose agent and server are those that the page's address names, and the page that writes down
// what it is told.
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const [folder, ...programs] = process.argv.slice(2);
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const names = ["callbacks", "vanilla", "socket", "persistence"].map((name) => `livekit-session-${name}`);

const documented = {
  name: "the document's own code",
  setup({ onLoad }) {
    onLoad({ filter: /(pages\/livekit-session-\w+|guide)\.ts$/ }, async ({ path }) => {
      const program = (await readFile(path, "utf8"))
        .replaceAll('"agt_abc123"', "asked.agent")
        .replaceAll(/"(https:\/\/livelayer\.app|http:\/\/127\.0\.0\.1:8787)"/g, "asked.url");
      const before = "const asked = Object.fromEntries(new URLSearchParams(location.hash.slice(1)));";
      // A getter, for the program may still be busy: it waits where it comes back.
      const after = "Object.defineProperty(globalThis, \"session\", { get: () => session });";
      return { contents: `${before}\n${after}\n${program}`, loader: "ts" };
    });
  },
};

await build({
  entryPoints: [...["livekit-session", ...names].map((name) => here(`pages/${name}.ts`)), ...programs],
  nodePaths: [here("../node_modules")],
  entryNames: "[name]",
  outdir: folder,
  bundle: true,
  splitting: true, // what a room needs comes when there is one
  format: "esm",
  platform: "browser",
  target: "chrome120",
  conditions: ["source"],
  plugins: [documented],
  logLevel: "warning",
});
