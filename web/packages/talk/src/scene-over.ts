/** The scenes in which no conversation is going on any more, or none could begin. */
import type { Model, Trouble } from "./model.js";
import { plain, type Scene } from "./scene.js";

/** A conversation that was there and is over, here at least. */
export function ended(model: Model): Scene {
  const base: Scene = {
    ...plain,
    mood: "over",
    buttons: model.resumable ? ["resume", "anew"] : ["talk"],
    talkLabel: "New conversation",
  };
  switch (model.trouble?.code) {
    case undefined:
      return {
        ...base,
        state: "You left",
        detail: model.resumable ? "You can pick it up within five minutes." : "",
      };
    case "replaced":
      return {
        ...base,
        state: "It goes on elsewhere",
        detail: "You opened this conversation in another tab or on another device.",
        resumeLabel: "Take it back here",
      };
    case "ended":
    case "conversation_ended":
      return { ...base, state: `${model.agent.name} hung up` };
    default:
      return { ...base, state: "The conversation ended", detail: model.trouble?.message ?? "" };
  }
}

/** A conversation that the server, or the network, refused. */
export function failed(model: Model, now: number): Scene {
  const trouble = model.trouble ?? { code: "unknown", message: "", retryAt: null };
  const { state, detail } = refusal(trouble, model);
  const again = trouble.retryAt === null ? "" : waiting(trouble.retryAt, now);
  return {
    ...plain,
    mood: "over",
    state,
    detail: [detail, again].filter(Boolean).join(" "),
    buttons: model.resumable ? ["talk", "anew"] : ["talk"],
    talkLabel: trouble.retryAt === null ? "Try again" : "Try now",
  };
}

function waiting(until: number, now: number): string {
  const seconds = Math.ceil((until - now) / 1000);
  return seconds > 0 ? `Trying again in ${seconds} s.` : "Trying again…";
}

function refusal(trouble: Trouble, model: Model): Pick<Scene, "state" | "detail"> {
  // While the page tries by itself, nobody needs to be told to.
  const detail = trouble.retryAt === null ? trouble.message : trouble.message.replace(/ Try again.*$/, "");
  switch (trouble.code) {
    case "insufficient_balance":
      return { state: "The credit is used up", detail };
    case "origin_refused":
    case "key_wrong_agent":
    case "key_wrong_org":
    case "key_scope":
    case "key_missing":
    case "key_unknown":
    case "key_expired":
    case "revoked":
      return { state: "This page may not talk here", detail };
    case "agent_not_found":
    case "agent_has_no_org":
    case "agent_not_loaded":
      return { state: `${model.agent.name} is not here`, detail };
    case "conversation_open":
    case "session_open":
      return { state: "It is open in another place", detail };
    case "rate_limited":
      return { state: "Too many at once", detail };
    case "overloaded":
    case "not_ready":
    case "going_away":
      return { state: "Every line is busy", detail };
    case "line_lost":
      return {
        state: "The line did not come back",
        detail: "The server could not be reached for five minutes.",
      };
    case "unreachable":
      return model.online
        ? {
            state: "The server does not answer",
            detail: model.near
              ? "Is it running? Start it with make run, or duologue dev."
              : "It may be starting anew. Try again in a moment.",
          }
        : { state: "You are offline", detail: "Talking needs the network." };
    default:
      return { state: "That did not work", detail };
  }
}
