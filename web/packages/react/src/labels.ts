/** The words of the components, to be replaced one by one by their `labels`. */

export const CONTROL_LABELS = {
  group: "Conversation",
  talk: "Talk",
  resume: "Go on",
  retry: "Try again",
  end: "End",
  cancel: "Cancel",
  mute: "Mute the microphone",
  unmute: "Unmute the microphone",
  /** On the same button, while there is no microphone. */
  unmuted: "Turn the microphone on",
  device: "Choose a microphone",
  unnamed: "Microphone",
  agent: "The agent",
  idle: "Ready when you are",
  connecting: "Connecting…",
  disconnected: "The conversation is over",
  error: "There is no connection",
  listening: "{name} is listening",
  thinking: "{name} is thinking",
  speaking: "{name} is speaking",
};
/** The words of `ControlBar`. */
export type ControlLabels = typeof CONTROL_LABELS;

export const CHAT_LABELS = {
  log: "Transcript",
  empty: "What is said appears here.",
  you: "You",
  agent: "Agent",
  interrupted: "interrupted",
  input: "Message",
  placeholder: "Type a message",
  closed: "Connect first, then type",
  send: "Send",
  sending: "Sending…",
};
/** The words of `ChatTranscript`. */
export type ChatLabels = typeof CHAT_LABELS;

export const VISUALIZER_LABELS = {
  idle: "The agent is not there",
  listening: "The agent is listening",
  thinking: "The agent is thinking",
  speaking: "The agent is speaking",
};
/** The words of `AudioVisualizer`. */
export type VisualizerLabels = typeof VISUALIZER_LABELS;
