/** Who answers, kept in this tab: a reload goes on with the agent that was chosen, and its call. */
import type { PageAgent } from "./page.js";

const KEPT = "duologue page agent";

export function choose(slug: string): void {
  try {
    sessionStorage.setItem(KEPT, slug);
  } catch {
    // Forbidden or full: then a reload begins with the first.
  }
}

/** The slug of the agent that was chosen in this tab, and is still here; else of the first. */
export function chosen(agents: readonly [PageAgent, ...PageAgent[]], among: Element | null): string {
  const found = agents.find(({ slug }) => slug === kept()) ?? agents[0];
  for (const radio of among?.querySelectorAll("input") ?? []) radio.checked = radio.value === found.slug;
  return found.slug;
}

function kept(): string | null {
  try {
    return sessionStorage.getItem(KEPT);
  } catch {
    return null;
  }
}
