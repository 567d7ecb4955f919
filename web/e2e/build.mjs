// Bundles the pages (with the SDKs as published) and the driver into build/.
import { build } from "esbuild";

const pages = build({
  entryPoints: {
    vanilla: "pages/vanilla.ts",
    hook: "pages/hook.tsx",
    room: "pages/room.tsx",
    "e2ee-worker": "livekit-client/e2ee-worker",
  },
  bundle: true,
  format: "esm",
  platform: "browser",
  target: "chrome120",
  define: { "process.env.NODE_ENV": '"production"' },
  outdir: "build",
  logLevel: "warning",
});
const driver = build({
  entryPoints: ["driver/main.ts"],
  bundle: true,
  format: "esm",
  platform: "node",
  target: "node20",
  packages: "external",
  outfile: "build/driver.mjs",
  logLevel: "warning",
});
await Promise.all([pages, driver]);
