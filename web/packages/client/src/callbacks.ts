/** The ten callbacks of a `LiveKitSession`, and the order in which they hear of a change. */
import type { AgentConfig, AgentState, ConnectionState, Snapshot } from "./controlled.js";
import type { TranscriptEntry } from "./types.js";

/** A callback is a function, or none; what it throws is the page's error, and harms nobody else. */
type Callback<Given extends unknown[]> = ((...given: Given) => unknown) | null | undefined;

export class Callbacks {
  onConnectionStateChange: Callback<[state: ConnectionState]> = null;
  onAgentStateChange: Callback<[state: AgentState]> = null;
  /** The whole transcript, whenever it changes. */
  onTranscript: Callback<[entries: TranscriptEntry[]]> = null;
  onAgentConfig: Callback<[config: AgentConfig]> = null;
  /** The agent's voice; it sounds by itself, in the page or not. */
  onAudioTrack: Callback<[audioElement: HTMLAudioElement]> = null;
  onVideoTrack: Callback<[videoElement: HTMLVideoElement]> = null;
  onVideoTrackRemoved: Callback<[]> = null;
  /** The sentence, and its code: one of the seven, or the server's own word. */
  onError: Callback<[message: string, code: string]> = null;
  /** What the agent sent: JSON as what it means, other packets of a room as bytes. */
  onDataMessage: Callback<[message: any]> = null;
  onResumabilityChange: Callback<[canResume: boolean]> = null;

  /** Tells what is different, to whom it concerns. */
  protected tell(before: Snapshot, now: Snapshot): void {
    const { agentConfig, audioElement, videoElement } = now;
    if (agentConfig !== null && agentConfig !== before.agentConfig) {
      safely(() => this.onAgentConfig?.(agentConfig));
    }
    if (now.connectionState !== before.connectionState) {
      safely(() => this.onConnectionStateChange?.(now.connectionState));
    }
    if (now.canResume !== before.canResume) {
      safely(() => this.onResumabilityChange?.(now.canResume));
    }
    if (now.agentState !== before.agentState) {
      safely(() => this.onAgentStateChange?.(now.agentState));
    }
    if (audioElement !== before.audioElement) {
      before.audioElement?.remove(); // a page that mounted it hears of the next one only
      if (audioElement !== null) safely(() => this.onAudioTrack?.(audioElement));
    }
    if (videoElement !== before.videoElement) {
      if (before.videoElement !== null) safely(() => this.onVideoTrackRemoved?.());
      before.videoElement?.remove();
      if (videoElement !== null) safely(() => this.onVideoTrack?.(videoElement));
    }
    if (now.transcript !== before.transcript) {
      safely(() => this.onTranscript?.([...now.transcript]));
    }
  }
}

/** Does what a page asked for; where it throws, that is reported as any error of the page. */
export function safely(work: () => unknown): void {
  try {
    work();
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
}
