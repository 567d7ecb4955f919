/** Everything that the page shows, as plain values; `scene` says how it looks. */
import type { AgentActivity, LineState, MicrophoneState, SoundState } from "@duologue/client";
import type { TalkAgent } from "./page.js";

/** Why a conversation is not going on, in the server's or the client's words. */
export interface Trouble {
  readonly code: string;
  readonly message: string;
  /** When the page tries again by itself, in milliseconds of its clock. */
  readonly retryAt: number | null;
}

export interface Model {
  readonly agent: TalkAgent;
  readonly line: LineState;
  readonly agentState: AgentActivity;
  readonly microphone: MicrophoneState;
  readonly sound: SoundState;
  readonly pushToTalk: boolean;
  /** The talk button of a push-to-talk agent is down. */
  readonly holding: boolean;
  readonly trouble: Trouble | null;
  readonly resumable: boolean;
  /** When the line broke, in milliseconds of the page's clock. */
  readonly lostAt: number | null;
  readonly online: boolean;
  /** The user runs the server, or sits beside it; strangers are told no commands. */
  readonly near: boolean;
  /** The tool that the agent uses now. */
  readonly tool: string | null;
  /** Something was said, so there is a transcript to show. */
  readonly spoken: boolean;
}

export function fresh(agent: TalkAgent, online: boolean, near: boolean): Model {
  return {
    agent,
    line: "idle",
    agentState: "initializing",
    microphone: "off",
    sound: "off",
    pushToTalk: agent.pushToTalk,
    holding: false,
    trouble: null,
    resumable: false,
    lostAt: null,
    online,
    near,
    tool: null,
    spoken: false,
  };
}
