/** A conversation that can be heard: player, timeline and transcript go by one time. */
import { controls } from "./controls";
import { drawer } from "./drawer";
import { follow } from "./follow";
import { Moments } from "./moments";
import { Player } from "./player";
import { Timeline } from "./timeline";
import { tips, untitled } from "./tips";

export function begin(page: Document): void {
  const section = page.querySelector<HTMLElement>(".timeline");
  if (section === null) return;
  let timeline = move(page, section, Number(section.dataset["since"]));
  tips(page);
  drawer(page, section.dataset["spans"] ?? "");
  if (section.hasAttribute("data-active")) {
    follow(page, (drawn, held) => {
      timeline = move(page, drawn, timeline.player.at);
      if (held) timeline.focus();
    });
  }
}

/** Lets a timeline and the transcript be heard from a time on, and enlarged. */
function move(page: Document, section: HTMLElement, at: number): Timeline {
  const audios = [...section.querySelectorAll("audio")];
  const player = new Player(audios, at);
  const timeline = new Timeline(section, player);
  section.prepend(controls(timeline));
  section.toggleAttribute("data-moves", true);
  const list = page.querySelector<HTMLElement>(".moments");
  const until = Number(section.dataset["until"]);
  const moments = list === null ? null : new Moments(list, player, until, () => timeline.focus());
  let drawing = false;
  const draw = (): void => {
    timeline.draw();
    moments?.mark();
    drawing = player.playing;
    if (drawing) requestAnimationFrame(draw);
  };
  player.follow(() => {
    if (!drawing) draw();
  });
  untitled(page);
  return timeline;
}
