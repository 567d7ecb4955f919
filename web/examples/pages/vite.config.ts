import { defaultClientConditions, defineConfig } from "vite";

export default defineConfig({
  // The packages as they stand in this repository. On a site of yours, leave `conditions` out.
  resolve: { conditions: ["source", ...defaultClientConditions] },
  oxc: { jsx: { runtime: "automatic" } },
});
