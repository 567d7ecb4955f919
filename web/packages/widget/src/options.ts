/** What a widget's own session is made of. */
import type { LiveKitSessionOptions } from "./seam.js";
import type { Tag } from "./tag.js";

export type Visitor = string | (() => string | null) | null;

/** Who visits, and what the tag tells of them, are read at each connection: they may come late. */
export function sessionOptions(
  tag: Pick<Tag, "given" | "face" | "base" | "settings">,
  visitor: () => Visitor,
  endpoint: string | null = null,
): LiveKitSessionOptions {
  const { given, base, settings } = tag;
  const worklet = given["worklet-url"];
  return {
    agentId: settings.agent,
    baseUrl: base,
    ...(given.key ? { apiKey: given.key } : {}),
    ...(worklet ? { workletUrl: worklet } : {}),
    visitor() {
      const who = visitor();
      return typeof who === "function" ? who() : who;
    },
    ...(endpoint ? { sessionEndpoint: endpoint } : {}),
    get sessionBody() {
      const { metadata, tabs } = tag.given;
      const config = tabs !== null && tag.face.overrides.includes("tabs") ? { tabs } : null;
      return { ...metadata, ...(config && { config }) };
    },
  };
}
