/** Talk, mute, choose a microphone, hang up. */
import type { ReactNode } from "react";
import { useAgentSession } from "./context.js";
import { Icon } from "./icons.js";
import { type UseMicrophoneState, useMicrophoneState } from "./microphone/use-microphone-state.js";
import { CONTROL_LABELS, type ControlLabels } from "./labels.js";
import type { AgentSession } from "./types.js";

/** What `ControlBar` shows, and what it says. */
export interface ControlBarProps {
  /** Instead of some words, others. */
  readonly labels?: Partial<ControlLabels>;
  readonly className?: string;
}

/** The buttons of a call, for the session of the provider above. */
export function ControlBar({ labels, className }: ControlBarProps): ReactNode {
  const session = useAgentSession();
  const microphone = useMicrophoneState(session, { publish: false, level: false });
  const words = { ...CONTROL_LABELS, ...labels };
  const { connectionState: line, canResume } = session;
  const error = session.error ?? microphone.error;
  return (
    <div
      className={["duologue-bar", className].filter(Boolean).join(" ")}
      role="group"
      aria-label={words.group}
      data-line={line}
    >
      <p className="duologue-status" role="status" data-state={stateOf(session)}>
        {statusOf(session, words)}
      </p>
      <div className="duologue-buttons">
        {line === "connected" && <MicrophoneButtons {...{ microphone, words }} />}
        {line === "connected" || line === "connecting" ? (
          <button type="button" className="duologue-button duologue-end" onClick={session.disconnect}>
            <Icon name="end" />
            <span>{line === "connected" ? words.end : words.cancel}</span>
          </button>
        ) : (
          <button
            type="button"
            className="duologue-button duologue-talk"
            onClick={() => void session.connect().catch(() => {}) /* `error` says it */}
          >
            <Icon name="call" />
            <span>{line === "error" ? words.retry : canResume ? words.resume : words.talk}</span>
          </button>
        )}
      </div>
      <p className="duologue-note" role="status">
        {microphone.notice}
      </p>
      {error !== null && (
        <p className="duologue-error" role="alert">
          {error}
        </p>
      )}
    </div>
  );
}

interface MicrophoneProps {
  readonly microphone: UseMicrophoneState;
  readonly words: ControlLabels;
}

function MicrophoneButtons({ microphone, words }: MicrophoneProps): ReactNode {
  const { state, devices, deviceId } = microphone;
  const hears = state === "on";
  const known = devices.some((one) => one.deviceId === deviceId);
  const what = state === "muted" ? words.unmute : hears ? words.mute : words.unmuted;
  return (
    <div className="duologue-split">
      <button
        type="button"
        className="duologue-button duologue-round"
        aria-label={what}
        title={what}
        data-on={hears || undefined}
        disabled={state === "asking"}
        onClick={() => void microphone.toggle()}
      >
        <Icon name={hears ? "microphone" : "muted"} />
      </button>
      {devices.length > 1 && (
        <span className="duologue-choice">
          <Icon name="down" />
          <select
            aria-label={words.device}
            title={words.device}
            value={(known && deviceId) || ""}
            onChange={(event) => void microphone.selectDevice(event.target.value)}
          >
            {!known && <option value="" disabled hidden>{words.unnamed}</option>}
            {devices.map((one, place) => (
              <option key={one.deviceId} value={one.deviceId}>
                {one.label || `${words.unnamed} ${place + 1}`}
              </option>
            ))}
          </select>
        </span>
      )}
    </div>
  );
}

function stateOf({ connectionState, agentState }: AgentSession): string {
  return connectionState === "connected" ? agentState : connectionState;
}

function statusOf({ connectionState, agentState, agentConfig }: AgentSession, words: ControlLabels): string {
  if (connectionState !== "connected") return words[connectionState];
  return words[agentState].replace("{name}", agentConfig?.name ?? words.agent);
}
