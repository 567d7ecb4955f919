/** Gives what is to be copied a button that does it; without script it is marked by hand. */

const TOLD_MS = 1800;

export function begin(page: Document): void {
  const clipboard = page.defaultView?.navigator.clipboard;
  // Pages that came over plain http from elsewhere have none.
  if (clipboard === undefined) return;
  for (const button of page.querySelectorAll<HTMLButtonElement>("button.copy")) {
    const code = button.parentElement?.querySelector("code");
    if (code === null || code === undefined) continue;
    const name = button.textContent;
    button.hidden = false;
    button.addEventListener("click", async () => {
      try {
        await clipboard.writeText(code.textContent);
        button.textContent = "Copied";
      } catch {
        button.textContent = "Not allowed";
      }
      setTimeout(() => (button.textContent = name), TOLD_MS);
    });
  }
}
