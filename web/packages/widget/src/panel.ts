/** Whether the panel is open, and what leads in and out of it: buttons, keys, and what the browser remembers. */
import type { Call } from "./call.js";
import { focused } from "./dom.js";
import { PHONE, trap } from "./phone.js";
import type { Settings } from "./settings.js";
import type { Tiding } from "./tidings.js";
import type { View } from "./view.js";

export interface PanelHooks {
  changed(): void;
  /** Somebody is about to talk. */
  near(): void;
  tell(tiding: Tiding): void;
}

export class Panel {
  opened = false;

  constructor(
    private readonly view: View,
    private readonly call: Call,
    private readonly hooks: PanelHooks,
  ) {}

  /** It is a sheet over the page, which keeps the focus in it. */
  get modal(): boolean {
    const { embedded, position } = this.settings;
    return this.opened && !embedded && position !== "inline" && matchMedia(PHONE).matches;
  }

  /** Stands as it stood on the last page, or as the tag says. */
  begin(): void {
    const { persistKey, defaultOpen, dismissible, embedded } = this.settings;
    const kept = persistKey === null ? null : this.call.remember.open(persistKey);
    this.opened = !embedded && (!dismissible || (kept ?? defaultOpen));
  }

  open(): void {
    if (this.opened || this.settings.embedded) return;
    this.turn(true);
    this.view.launcher.hush();
    this.view.focus();
    this.hooks.tell(["duologue-open", {}]);
  }

  close(): void {
    if (!this.opened || !this.settings.dismissible || this.settings.embedded) return;
    const had = focused(this.view.root) !== null;
    this.turn(false);
    if (had) this.view.launcher.button.focus({ preventScroll: true });
    this.hooks.tell(["duologue-close", {}]);
  }

  key(event: KeyboardEvent): void {
    if (this.modal) trap(this.view.panel, event);
    if (event.key !== "Escape" || event.isComposing) return;
    if (this.call.model.asks) this.call.refuse();
    else if (this.settings.embedded) this.call.interrupt();
    else if (this.opened) this.close();
    else return this.view.launcher.hush();
    event.stopPropagation();
  }

  private get settings(): Settings {
    return this.call.model.settings;
  }

  private turn(open: boolean): void {
    this.opened = open;
    if (this.settings.persistKey !== null) this.call.remember.keepOpen(this.settings.persistKey, open);
    this.hooks.changed();
    if (open) this.hooks.near();
  }
}
