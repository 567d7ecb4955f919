// livekit-client for the bundle that servers serve: built from its own sources, which ship in its
// package, and not from its bundle for every browser of ten years; so a room costs 40 kB less.
// Who uses our npm package gets livekit-client as it was published.
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { transform } from "esbuild";

/**
 * The adapter that was read for this: in Chrome 100, Firefox 115 and Safari 16, and all after them,
 * a room needs nothing of it. What it adds there for others: a refusal of messages above the line's
 * limit (Safari, Chrome before 149), which livekit-client makes itself before it sends; the relay's
 * protocol beside a candidate (Safari) and legacy names of streams, which it does not read; empty
 * constraints taken out (Safari), as every browser does now; and empty statistics of a connection
 * that was closed (Firefox before 151), of which it has let go by then.
 */
const ADAPTER = "9.0.6";
/** Fewer would say that its log is written in another way now, and is in the bundle after all. */
const LOGS = 350;
const OWN = /[\\/]livekit-client[\\/]src[\\/].*\.ts$/;
/** A call of the log where a statement begins. */
const LOG = /^(\s*)((?:this\.)?(?:\w*[lL]og|logger|workerLogger)\.(?:trace|debug|info|warn|error)\()/gm;

/** Its arrow function in a static field calls `super`: made for Safari 16 as an assignment, it has lost
 * its `this` (esbuild 0.28). There is no other field in it, so it may keep its fields as they are. */
const STATIC_SUPER = /[\\/]TypedPromise\.ts$/;

/** As its own build has it: a field without a value is a type, and nothing at run time. */
export const asItsOwn = { compilerOptions: { useDefineForClassFields: false } };

/** Refuses to build where what it stands on has changed. */
export function livekit() {
  return {
    name: "livekit",
    setup({ initialOptions, onResolve, onLoad, onStart, onEnd }) {
      const folder = dirname(dirname(createRequire(import.meta.url).resolve("livekit-client")));
      const entry = join(folder, "src", "index.ts");
      let adapters = 0;
      let logs = 0;

      onStart(async () => {
        const { version, dependencies } = JSON.parse(await readFile(join(folder, "package.json"), "utf8"));
        const needs = dependencies["webrtc-adapter"];
        const errors = [];
        if (!existsSync(entry))
          errors.push(`livekit-client ${version} comes without its sources: build it from its bundle again.`);
        if (needs !== undefined && needs !== ADAPTER)
          errors.push(
            `livekit-client ${version} needs webrtc-adapter ${needs}, and ${ADAPTER} was read. Read what it does ` +
              "in the browsers that we build for; put its number into livekit.mjs, or leave it in.",
          );
        return { errors: errors.map((text) => ({ text })) };
      });
      onResolve({ filter: /^livekit-client$/ }, () => ({ path: entry }));
      onResolve({ filter: /^webrtc-adapter$/ }, () => {
        adapters += 1;
        return { path: "webrtc-adapter", namespace: "left-out" };
      });
      onLoad({ filter: /./, namespace: "left-out" }, () => ({ contents: "" }));
      onLoad({ filter: OWN }, async ({ path }) => {
        // Our part sets its log to silent, and no page can reach it: nothing would ever be written.
        const contents = (await readFile(path, "utf8")).replace(LOG, (_, before, call) => {
          logs += 1;
          return `${before}void 0 && ${call}`;
        });
        if (!STATIC_SUPER.test(path)) return { contents, loader: "ts" };
        const { code } = await transform(contents, { loader: "ts", target: "es2022" });
        return { contents: code, loader: "js" };
      });
      onEnd(async ({ errors }) => {
        if (errors.length > 0) return;
        const wrong = [];
        if (adapters === 0) wrong.push("livekit-client has no webrtc-adapter any more: take it out of livekit.mjs.");
        if (logs < LOGS)
          wrong.push(`Only ${logs} lines of livekit-client's log were found, not ${LOGS}: see LOG in livekit.mjs.`);
        // So begins what esbuild makes of `super` where it rewrites it, and nothing else in here.
        if ((await readFile(initialOptions.outfile, "utf8")).includes("Reflect.get"))
          wrong.push("esbuild rewrites a `super` of livekit-client: see STATIC_SUPER in livekit.mjs.");
        return { errors: wrong.map((text) => ({ text })) };
      });
    },
  };
}
