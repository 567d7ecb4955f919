/** The same program for both roads: the microphone is published by the session. */
import { LiveKitSession } from "@duologue/client";

const session = new LiveKitSession({
  agentId: "agt_abc123",
  baseUrl: "https://livelayer.app",
});

const transcript = document.querySelector("#transcript")!;
const avatar = document.querySelector("#avatar")!;

session.onTranscript = (entries) => {
  transcript.innerHTML = entries
    .filter((e) => e.final)
    .map((e) => `<p><strong>${e.role}:</strong> ${e.text}</p>`)
    .join("");
};

session.onAudioTrack = (audio) => document.body.appendChild(audio);
session.onVideoTrack = (video) => avatar.appendChild(video);

document.querySelector("#talk")!.addEventListener("click", () => {
  session.connect();
});

document.querySelector("#end")!.addEventListener("click", () => {
  session.disconnect();
});

session.onConnectionStateChange = async (state) => {
  if (state !== "connected") return;
  await session.publishMicrophone();
};
