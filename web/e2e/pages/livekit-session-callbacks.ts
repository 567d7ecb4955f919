/** The document's ten callbacks, as it sets them. */
import { LiveKitSession } from "@duologue/client";

const session = new LiveKitSession({
  agentId: "agt_abc123",
  baseUrl: "https://livelayer.app",
});

session.onConnectionStateChange = (state) => {
  console.log("connection:", state);
  // "idle" | "connecting" | "connected" | "error" | "disconnected"
};

session.onAgentStateChange = (state) => {
  console.log("agent:", state);
  // "idle" | "listening" | "thinking" | "speaking"
};

session.onTranscript = (entries) => {
  for (const entry of entries) {
    if (entry.final) console.log(`[${entry.role}] ${entry.text}`);
  }
};

session.onAgentConfig = (config) => {
  // { name, avatarImageUrl, idleLoopUrl? }
  document.querySelector("#agent-name")!.textContent = config.name;
};

session.onAudioTrack = (audioElement) => {
  // Mount this somewhere in the DOM to play audio
  document.body.appendChild(audioElement);
};

session.onVideoTrack = (videoElement) => {
  // Mount this where you want the agent's avatar video
  document.querySelector("#avatar-container")!.appendChild(videoElement);
};

session.onVideoTrackRemoved = () => {
  // Track ended; clean up any video element references
};

session.onError = (message, code) => {
  console.error("session error:", code, message);
};

session.onDataMessage = (msg) => {
  // Raw data-channel messages (custom commands, agent events)
  console.log("data:", msg);
};

session.onResumabilityChange = (canResume) => {
  // Fires on connect, expiry, reset
  console.log("can resume:", canResume);
};
