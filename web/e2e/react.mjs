// `node react.mjs FOLDER REACT AGENT`: bundles the pages of @duologue/react, with React 18 or 19, and
// with the agent that stands in for the document's `agt_abc123`.
import { readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { build } from "esbuild";

const [folder, react = "19", agent = "agt_abc123"] = process.argv.slice(2);
const here = (path) => fileURLToPath(new URL(path, import.meta.url));
const names = ["react-cross", "react-two", "react-parts", "react-hydrated", "react-room"];

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

const common = {
  bundle: true,
  format: "esm",
  jsx: "automatic",
  conditions: ["source"],
  // StrictMode shows everything twice in development only.
  define: { "process.env.NODE_ENV": '"development"' },
  plugins: react === "18" ? [documented, old] : [documented],
  logLevel: "warning",
};

await build({
  ...common,
  entryPoints: names.map((name) => here(`pages/${name}.tsx`)),
  outdir: folder,
  splitting: true, // the widget comes when it is asked for
  platform: "browser",
  target: "chrome120",
});

// What a server renders of a page, for the page to take over.
const server = `${folder}/react-hydrated-server.mjs`;
await build({
  ...common,
  entryPoints: [here("pages/react-hydrated-server.tsx")],
  outfile: server,
  platform: "node",
  target: "node20",
  banner: { js: 'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);' },
});
const { markup } = await import(pathToFileURL(server).href);
await writeFile(`${folder}/react-hydrated.html`, markup);
