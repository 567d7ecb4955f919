/** The key of the tag: made here for whoever sits at the server, else made there and put in here. */
import { need, type PageData, write } from "../page.js";
import { command, originOf } from "./wish.js";

interface Made {
  readonly key: string;
}

export class Keys {
  /** What the tag shows at the door; null where pages of this machine need none. */
  key: string | null;
  private readonly site = need("site-origin", HTMLInputElement);
  private readonly make = need("site-make", HTMLButtonElement);
  private readonly given = need("site-key", HTMLInputElement);
  private readonly said = need("site-said", HTMLElement);
  private readonly command = need("site-command", HTMLElement);
  private agent = "";

  constructor(
    private readonly page: PageData,
    private readonly changed: () => void,
  ) {
    this.key = page.publicKey;
    const near = page.publicKey === null;
    this.make.hidden = !near;
    this.site.addEventListener("input", () => this.draw());
    this.make.addEventListener("click", () => void this.mint());
    this.given.addEventListener("input", () => this.take());
    this.draw();
  }

  /** Another agent: a key opens one alone. */
  meet(agent: string): void {
    if (agent === this.agent) return;
    this.agent = agent;
    this.given.value = this.page.publicKey ?? "";
    this.key = this.page.publicKey;
    this.draw();
  }

  private draw(): void {
    const origin = originOf(this.site.value);
    const wrong = this.site.value.trim() !== "" && origin === null;
    this.site.setAttribute("aria-invalid", String(wrong));
    this.make.disabled = origin === null;
    write(this.command, command(this.agent, origin ?? ""));
    if (wrong) write(this.said, "That is no address of a site. Write it as https://your.site");
    else if (this.key === null) write(this.said, "Pages on this machine need no key. Every other site does.");
    else write(this.said, "The key opens this one agent, from the pages that it lists. It may stand in a page.");
    this.said.toggleAttribute("data-wrong", wrong);
  }

  private take(): void {
    const text = this.given.value.trim();
    this.key = text === "" ? this.page.publicKey : text;
    this.draw();
    if (text.startsWith("dk_secret_")) {
      this.key = null;
      this.fail("That is a secret key: it opens everything, and must never stand in a page.");
    }
    this.changed();
  }

  private async mint(): Promise<void> {
    const origin = originOf(this.site.value);
    if (origin === null || this.make.disabled) return;
    this.make.disabled = true;
    try {
      const body = JSON.stringify({ agent: this.agent, origins: [origin], name: new URL(origin).host });
      const headers = { "content-type": "application/json" };
      const answer = await fetch("/v1/keys", { method: "POST", headers, body });
      const found = (await answer.json()) as Partial<Made> & { readonly error?: string };
      if (found.key === undefined) return this.fail(found.error ?? `The server answered ${answer.status}.`);
      this.key = found.key;
      this.given.value = found.key;
      this.draw();
      write(this.said, `Made for ${origin}. It is shown this once: copy the tag now.`);
      this.changed();
    } catch {
      this.fail("The server cannot be reached.");
    } finally {
      this.make.disabled = originOf(this.site.value) === null;
    }
  }

  private fail(words: string): void {
    write(this.said, words);
    this.said.setAttribute("data-wrong", "");
  }
}
