// `node react.mjs FOLDER REACT AGENT`: bundles the pages of @duologue/react, with React 18 or 19, and
// with the agent that stands in for the document's `agt_abc123`.
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const [folder, react = "19", agent = "agt_abc123"] = process.argv.slice(2);
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const names = ["react-cross", "react-two", "react-parts", ...(react === "19" ? ["react-room"] : [])];

const documented = {
  name: "the document's own code",
  setup({ onLoad, onResolve }) {
    onLoad({ filter: /pages\/react-(layout|surfaces)\.tsx$/ }, async ({ path }) => ({
      contents: (await readFile(path, "utf8")).replaceAll("agt_abc123", agent),
      loader: "tsx",
    }));
    onResolve({ filter: /^next\/navigation$/ }, () => ({ path: here("pages/react-navigation.ts") }));
  },
};
/** Whoever asks for React, of whatever package, has this one. */
const old = {
  name: "React 18",
  setup({ onResolve }) {
    const { resolve } = createRequire(here("../react18/package.json"));
    onResolve({ filter: /^(react|react-dom|scheduler)(\/.*)?$/ }, ({ path }) => ({ path: resolve(path) }));
  },
};

await build({
  entryPoints: names.map((name) => here(`pages/${name}.tsx`)),
  outdir: folder,
  bundle: true,
  splitting: true, // the widget comes when it is asked for
  format: "esm",
  platform: "browser",
  target: "chrome120",
  jsx: "automatic",
  conditions: ["source"],
  // StrictMode shows everything twice in development only.
  define: { "process.env.NODE_ENV": '"development"' },
  plugins: react === "18" ? [documented, old] : [documented],
  logLevel: "warning",
});
