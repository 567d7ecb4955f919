/** `@duologue/react`: one conversation with a voice agent, on any number of surfaces and pages. */
export type {
  AgentConfig,
  AgentState,
  ConnectionState,
  ControlledSession,
  LiveKitSession,
  MicrophoneState,
  SessionOptions,
  Snapshot,
  TranscriptEntry,
} from "@duologue/client";
export { clearSession, loadSession, saveSession, SessionError, sessionBehind } from "@duologue/client";
export { AudioVisualizer, type AudioVisualizerProps } from "./audio-visualizer.js";
export { AvatarWidget, type AvatarWidgetProps, type WidgetAttributes } from "./avatar-widget.js";
export { ChatTranscript, type ChatTranscriptProps, type UseChat, useChat } from "./chat-transcript.js";
export { AgentSessionProvider, type AgentSessionProviderProps, useAgentSession } from "./context.js";
export { ControlBar, type ControlBarProps } from "./control-bar.js";
export type { ChatLabels, ControlLabels, VisualizerLabels } from "./labels.js";
export type { Microphone, MicrophoneErrorCode, MicrophonePermission } from "./microphone/types.js";
export {
  type MicrophoneOptions,
  type UseMicrophoneState,
  useMicrophoneState,
  type VoiceTarget,
} from "./microphone/use-microphone-state.js";
export { agentSessionOf } from "./surface.js";
export type { AgentSession, LiveKitSessionState, SessionActs, Speaker } from "./types.js";
export type { WidgetCallbacks } from "./widget-callbacks.js";
export { useLiveKitSession } from "./use-livekit-session.js";
