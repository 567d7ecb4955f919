// The back end of a Layercode user: @layercode/node-server-sdk as it is published, behind an HTTP
// server of Node. It prints its port, and then a line of JSON for each thing that happened.
import { createServer } from "node:http";
import { Readable } from "node:stream";
import { setTimeout as sleep } from "node:timers/promises";

import { streamResponse, verifySignature } from "@layercode/node-server-sdk";

const secret = process.env.LAYERCODE_WEBHOOK_SECRET;
const tell = (what) => process.stdout.write(`${JSON.stringify(what)}\n`);
const COUNT = Array.from({ length: 200 }, (_, n) => `Now it is ${n + 1}. `);

async function* slowly(pieces, signal) {
  for (const piece of pieces) {
    if (signal.aborted) return;
    yield piece;
    await sleep(50);
  }
}

/** What a user of the SDK writes: a route that gets a Request and answers with a Response. */
async function route(request) {
  const raw = await request.text();
  const event = JSON.parse(raw);
  const signature = request.headers.get("layercode-signature") ?? "";
  const verified = verifySignature({ payload: raw, signature, secret });
  // Layercode's own examples check what they have parsed and written anew.
  const anew = verifySignature({ payload: JSON.stringify(event), signature, secret });
  const forged = verifySignature({ payload: `${raw} `, signature, secret });
  tell({ event, verified, anew, forged, user: request.headers.get("x-user") });
  if (!verified) return new Response("Unauthorized", { status: 401 });
  request.signal.addEventListener("abort", () => tell({ aborted: event.event_id }));
  return streamResponse(event, async ({ stream }) => {
    switch (event.type) {
      case "session.start":
        stream.tts("Welcome to the Node desk.");
        return stream.end();
      case "message":
        return answer(event, stream, request.signal);
      case "data":
        stream.data({ echo: event.data });
        return stream.end();
      default:
        return stream.end();
    }
  });
}

async function answer({ text }, stream, signal) {
  const words = text.toLowerCase();
  if (words.includes("count")) {
    // As examples do it: the handler is not waited for, so that the answer is streamed meanwhile.
    stream.ttsTextStream(slowly(COUNT, signal)).then(
      () => tell({ counted: !signal.aborted }),
      () => tell({ counted: false }),
    );
    return;
  }
  if (words.includes("forget")) {
    stream.tts("I never end.");
    return;
  }
  if (words.includes("throw")) throw new Error("the till is empty");
  stream.data({ heard: text });
  await stream.ttsTextStream(slowly(["You ", "said: ", text, "."], signal));
  stream.end();
}

const server = createServer(async (incoming, outgoing) => {
  const hungUp = new AbortController();
  outgoing.on("close", () => {
    if (!outgoing.writableFinished) hungUp.abort();
  });
  const request = new Request(`http://localhost${incoming.url}`, {
    method: incoming.method,
    headers: Object.entries(incoming.headers).map(([name, value]) => [name, String(value)]),
    body: Readable.toWeb(incoming),
    duplex: "half",
    signal: hungUp.signal,
  });
  // Its signal follows ours only as long as somebody holds it, as a framework does until the end.
  outgoing.on("close", () => request.bodyUsed);
  const response = await route(request);
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  if (response.body === null) return outgoing.end();
  try {
    for await (const piece of response.body) outgoing.write(piece);
    outgoing.end();
  } catch {
    outgoing.destroy();
  }
});
server.listen(0, "127.0.0.1", () => tell({ port: server.address().port }));
process.stdin.on("end", () => process.exit(0)).resume(); // ends with whoever started it
