/** What stands for the agent: nothing but its circle, a picture, a film, or its living image. */
import { make } from "./dom.js";
import { PORTRAIT } from "./drawing.js";
import type { Avatar } from "./settings.js";

export type Looks = "orb" | "round" | "film";

export class Portrait {
  readonly element = make("div", "portrait");
  looks: Looks = "orb";
  private shown: string | MediaProvider | null = null;
  private broken: string | null = null;
  private readonly size = new ResizeObserver(([entry]) => {
    const { width, height } = entry?.contentRect ?? { width: 0, height: 0 };
    const across = Math.round(Math.min(height * PORTRAIT.tall, width * PORTRAIT.wide) * 2);
    this.element.style.setProperty("--across", `${across}px`);
  });

  constructor(private readonly changed: () => void) {}

  begin(canvas: HTMLElement): void {
    this.size.observe(canvas);
  }

  end(): void {
    this.size.disconnect();
    this.shown = null;
    this.element.replaceChildren();
  }

  /** The living image has precedence: the same stream in an element of our own, so that nobody loses theirs. */
  show(avatar: Avatar, living: HTMLVideoElement | null): void {
    const stream = living?.srcObject ?? null;
    if (stream !== null) return this.film(stream);
    if (avatar.kind === "orb" || avatar.url === this.broken) return this.put(null, "orb", null);
    if (avatar.url === this.shown) return;
    const moves = !matchMedia("(prefers-reduced-motion: reduce)").matches;
    const media = avatar.kind === "image" ? make("img", "", { alt: "" }) : silent(moves);
    media.addEventListener("error", () => {
      this.broken = avatar.url;
      if (this.shown === avatar.url) this.put(null, "orb", null);
      this.changed();
    });
    media.src = avatar.url;
    this.put(avatar.url, "round", media);
  }

  private film(stream: MediaProvider): void {
    if (stream === this.shown) return;
    const video = silent(true);
    video.srcObject = stream;
    this.put(stream, "film", video);
  }

  private put(shown: string | MediaProvider | null, looks: Looks, media: HTMLElement | null): void {
    this.shown = shown;
    this.looks = looks;
    this.element.replaceChildren(...(media === null ? [] : [media]));
    if (media instanceof HTMLVideoElement && media.autoplay) void media.play().catch(() => undefined);
  }
}

/** A film without sound: the agent is heard elsewhere, and once. */
function silent(moves: boolean): HTMLVideoElement {
  const video = make("video", "", { playsinline: true, "aria-hidden": "true", tabindex: "-1" });
  video.muted = true;
  video.autoplay = moves;
  video.preload = "auto"; // its first picture, where it does not move
  video.loop = true;
  video.disablePictureInPicture = true;
  return video;
}
