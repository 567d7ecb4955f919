/** The page at `/`: the widget embedded, who answers, and how it comes to a site of one's own. */
import type { DuologueWidget } from "@duologue/widget";

import { choose, chosen } from "./choice.js";
import { copying } from "./copy.js";
import { need, pageData } from "./page.js";
import { Panel } from "./site/panel.js";

const page = pageData();
const widget = need("widget", HTMLElement) as DuologueWidget;
const preview = need("preview-widget", HTMLElement) as DuologueWidget;
const panel = new Panel(page, preview);
const agents = document.getElementById("agents");

/** Before anybody talks the preview has no session of its own: its button begins the one above. */
function rehearse(): void {
  preview.controlledSession = {
    agentId: widget.getAttribute("agent") ?? page.agents[0].slug,
    connectionState: "idle",
    agentState: "idle",
    transcript: [],
    agentConfig: null,
    videoElement: null,
    audioElement: null,
    canResume: false,
    error: null,
    connect: async () => widget.connect(),
    disconnect: () => widget.disconnect(),
  };
}

/** The line stands: the preview shows it too, and who answers is settled. */
function follow(): void {
  agents?.toggleAttribute("hidden", true);
  if (widget.session !== null) preview.controlledSession = widget.session.snapshot;
}

async function answerBy(slug: string): Promise<void> {
  widget.setAttribute("agent", slug); // before it asks for another one, if it is not there yet
  await customElements.whenDefined("duologue-widget");
  if (widget.getAttribute("agent") !== slug) return; // somebody chose again meanwhile
  rehearse();
  void panel.meet(slug);
}

agents?.addEventListener("change", (event) => {
  if (!(event.target instanceof HTMLInputElement)) return;
  choose(event.target.value);
  void answerBy(event.target.value);
});
widget.addEventListener("duologue-connect", follow);
widget.addEventListener("duologue-disconnect", () => agents?.toggleAttribute("hidden", false));
void answerBy(chosen(page.agents, agents)).then(() => {
  if (widget.session?.snapshot.connectionState === "connected") follow();
});
copying();
