/** The bar of the timeline: play, the time, how fast, and how large. */
import { button, make } from "./make";
import type { Player } from "./player";
import { clock } from "./scale";
import type { Timeline } from "./timeline";

const RATES = [1, 1.25, 1.5, 2, 0.75];

export function controls(timeline: Timeline): HTMLElement {
  const page = timeline.section.ownerDocument;
  const bar = make(page, "div", { class: "controls", role: "group", "aria-label": "Player" });
  if (!timeline.player.silent) bar.append(...playing(page, timeline.player));
  bar.append(...sizing(page, timeline));
  return bar;
}

function playing(page: Document, player: Player): HTMLElement[] {
  const play = button(page, "play", "Play", () => player.toggle());
  const now = make(page, "span", { class: "now" });
  const said = make(page, "span", { class: "trouble", role: "status" });
  let place = 0;
  const rate = button(page, "plain rate", "Speed 1×", () => {
    place = (place + 1) % RATES.length;
    const chosen = RATES[place] ?? 1;
    player.rate = chosen;
    rate.textContent = `${chosen}×`;
    rate.setAttribute("aria-label", `Speed ${chosen}×`);
  });
  rate.textContent = "1×";
  const show = (): void => {
    play.setAttribute("aria-label", player.playing ? "Pause" : "Play");
    play.toggleAttribute("data-playing", player.playing);
    now.textContent = clock(player.at, 100);
    said.textContent = player.trouble;
    if (player.playing) requestAnimationFrame(show);
  };
  let running = false;
  player.follow(() => {
    if (running && player.playing) return; // a frame is under way
    running = player.playing;
    show();
  });
  show();
  return [play, now, rate, said];
}

function sizing(page: Document, timeline: Timeline): HTMLElement[] {
  const smaller = button(page, "plain", "Zoom out", () => timeline.zoomBy(0.5));
  const larger = button(page, "plain", "Zoom in", () => timeline.zoomBy(2));
  const fit = button(page, "plain", "Fit all of it", () => timeline.fit());
  smaller.textContent = "−";
  larger.textContent = "+";
  fit.textContent = "Fit";
  const show = (): void => {
    const { zoom, mostZoom } = timeline;
    // Not `disabled`: who presses it until it is at its end would lose the focus.
    smaller.setAttribute("aria-disabled", String(zoom <= 1));
    fit.setAttribute("aria-disabled", String(zoom <= 1));
    larger.setAttribute("aria-disabled", String(zoom >= mostZoom));
  };
  timeline.section.addEventListener("zoomed", show);
  show();
  const group = make(page, "span", { class: "zoom", role: "group", "aria-label": "Zoom" }, smaller, larger, fit);
  return [group];
}
