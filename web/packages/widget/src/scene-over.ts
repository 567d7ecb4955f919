/** The scenes in which no conversation is going on any more, or none could begin. */
import type { Model, Trouble } from "./model.js";
import { plain, type Scene, sentences, types } from "./scene.js";
import type { TextKey, Translate } from "./texts/index.js";

type Words = Pick<Scene, "state" | "detail">;

/** A conversation that was there and is over, here at least. */
export function ended(model: Model, t: Translate): Scene {
  const { line, trouble, settings } = model;
  const base: Scene = {
    ...plain(model, t),
    mood: "over",
    buttons: line.resumable ? ["resume", "anew"] : ["start"],
    start: t("anew"),
  };
  switch (trouble?.code) {
    case undefined:
      return over(base, t("left"), line.resumable ? t("leftDetail") : "");
    case "replaced":
      return { ...over(base, t("elsewhere"), t("elsewhereDetail")), resume: t("takeBack") };
    case "ended":
    case "conversation_ended":
      return over(base, t("hungUp", { name: settings.name }));
    default:
      return over(base, t("ended"), trouble?.message ?? "");
  }
}

function over(base: Scene, state: string, detail = ""): Scene {
  return { ...base, state, detail, news: sentences(state, detail) };
}

/** A conversation that the server, or the network, refused. */
export function failed(model: Model, t: Translate, now: number): Scene {
  const trouble = model.trouble ?? { code: "unknown", message: "", retryAt: null };
  const { state, detail } = refusal(trouble, model, t);
  const again = trouble.retryAt === null ? "" : waiting(trouble.retryAt, t, now);
  return {
    ...plain(model, t),
    mood: "over",
    state,
    detail: [detail, again].filter(Boolean).join(" "),
    news: sentences(state, detail),
    buttons: model.line.resumable ? ["start", "anew"] : ["start"],
    start: t(trouble.retryAt === null ? "again" : "now"),
    typing: types(model) && trouble.code === "MIC_PERMISSION_DENIED",
  };
}

function waiting(until: number, t: Translate, now: number): string {
  const seconds = Math.ceil((until - now) / 1000);
  return seconds > 0 ? t("tryingIn", { seconds }) : t("trying");
}

/** Whose fault it is, by the server's code; what is not said in the visitor's language the server says. */
const REFUSALS: Readonly<Record<string, readonly [state: TextKey, detail?: TextKey]>> = {
  insufficient_balance: ["credit", "creditDetail"],
  origin_refused: ["forbidden"],
  key_wrong_agent: ["forbidden"],
  key_wrong_org: ["forbidden"],
  key_scope: ["forbidden"],
  key_missing: ["forbidden"],
  key_unknown: ["forbidden"],
  key_expired: ["forbidden"],
  revoked: ["forbidden"],
  agent_not_found: ["notHere"],
  agent_has_no_org: ["notHere"],
  agent_not_loaded: ["notHere"],
  conversation_open: ["open", "openDetail"],
  session_open: ["open", "openDetail"],
  rate_limited: ["tooMany", "unreachableDetail"],
  overloaded: ["busy", "unreachableDetail"],
  not_ready: ["busy", "unreachableDetail"],
  going_away: ["busy", "unreachableDetail"],
  agent_not_joined: ["silent", "unreachableDetail"],
  agent_left: ["silent", "unreachableDetail"],
  AGENT_TIMEOUT: ["silent", "unreachableDetail"],
  line_lost: ["lost", "lostDetail"],
  ROOM_DISCONNECT: ["lost"],
  unreachable: ["unreachable", "unreachableDetail"],
};

function refusal({ code, message, retryAt }: Trouble, model: Model, t: Translate): Words {
  if (!model.online && ["unreachable", "line_lost", "ROOM_DISCONNECT"].includes(code)) {
    return { state: t("offline"), detail: t("offlineStart") };
  }
  const [state, detail] = REFUSALS[code] ?? (["failed"] as const);
  const words = detail === undefined ? message : t(detail);
  // While the widget tries by itself, nobody needs to be told to.
  const shown = detail === "unreachableDetail" && retryAt !== null ? "" : words;
  return { state: t(state, { name: model.settings.name }), detail: shown };
}
