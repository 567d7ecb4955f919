/** Puts the page together: what happens in the call is drawn by each region. */
import { Call } from "./call.js";
import { Composer } from "./composer.js";
import { Controls } from "./controls.js";
import { copying } from "./copy.js";
import { keyboard } from "./keys.js";
import type { Model } from "./model.js";
import { Notices } from "./notices.js";
import { need, pageData } from "./page.js";
import { Picker } from "./picker.js";
import { scene } from "./scene.js";
import { Stage } from "./stage.js";
import { Transcript } from "./transcript.js";
import { Voices } from "./voices.js";

const page = pageData();
const notices = new Notices();
const transcript = new Transcript();
let users = 0;
let ticking: ReturnType<typeof setInterval> | undefined;

const call = new Call(page, {
  changed: draw,
  said(entries) {
    users = entries.filter((entry) => entry.role === "user").length;
    transcript.draw(entries, call.model.agent.name);
  },
  notice: (text) => notices.show(text),
  devices(list) {
    picker.list(list);
    draw(call.model);
  },
});
const stage = new Stage(() => call.listenNow());
const controls = new Controls(call);
const composer = new Composer(call);
const picker = new Picker(page, call);
const voices = new Voices(need("voices", HTMLCanvasElement), () => call.source);

function draw(model: Model): void {
  const now = scene(model, performance.now());
  stage.draw(model, now);
  controls.draw(model, now);
  composer.draw(model, now, users);
  picker.draw(model, now);
  voices.show(now.mood);
  tick(model.line === "reconnecting" || model.trouble?.retryAt != null);
}

/** Seconds are counted on the page only while some are shown. */
function tick(counts: boolean): void {
  if (!counts) {
    clearInterval(ticking);
    ticking = undefined;
  } else {
    ticking ??= setInterval(() => draw(call.model), 1000);
  }
}

need("type-button", HTMLButtonElement).addEventListener("click", () => composer.expect());
keyboard(call);
copying();
call.begin();
