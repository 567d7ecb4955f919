/** What a widget's own session is made of. */
import type { Agreed } from "./consent.js";
import type { LiveKitSessionOptions } from "./seam.js";
import type { Tag } from "./tag.js";

export type Visitor = string | (() => string | null) | null;

/** What was agreed to is read at each connection, for it may come after the session was made. */
export function sessionOptions(
  { given, face, base, settings }: Tag,
  visitor: Visitor,
  agreed: () => Agreed | null,
  endpoint: string | null = null,
): LiveKitSessionOptions {
  const tabs = given.tabs !== null && face.overrides.includes("tabs") ? { tabs: given.tabs } : null;
  const worklet = given["worklet-url"];
  return {
    agentId: settings.agent,
    baseUrl: base,
    ...(given.key ? { apiKey: given.key } : {}),
    ...(worklet ? { workletUrl: worklet } : {}),
    ...(visitor === null ? {} : { visitor }),
    ...(endpoint ? { sessionEndpoint: endpoint } : {}),
    get sessionBody() {
      const consent = agreed();
      return { ...given.metadata, ...(tabs && { config: tabs }), ...(consent && { consent }) };
    },
  };
}
