/** Where the agent is: as the address says it, else the environment, else as `duologue dev` is by itself. */
const asked = new URLSearchParams(location.search);
const key: string | undefined = asked.get("key") ?? import.meta.env["VITE_DUOLOGUE_KEY"];

export const SERVER = asked.get("server") ?? import.meta.env["VITE_DUOLOGUE_URL"] ?? "http://127.0.0.1:8787";
export const AGENT = asked.get("agent") ?? import.meta.env["VITE_DUOLOGUE_AGENT"] ?? "demo";
/** A public key, for session and widgets; pages of the server's own origin need none. */
export const KEY: { readonly apiKey?: string } = key ? { apiKey: key } : {};
