/** Copies what is shown once: a link that was just made. */

export function begin(page: Document): void {
  const made = page.querySelector<HTMLInputElement>("#shared-link");
  const button = page.querySelector<HTMLButtonElement>("#copy-link");
  if (made === null || button === null) return;
  button.hidden = false;
  made.select();
  button.addEventListener("click", async () => {
    button.textContent = (await copied(page, made)) ? "Copied" : "Press Ctrl and C";
    setTimeout(() => (button.textContent = "Copy"), 2000);
  });
}

/** Where there is no clipboard, as on a page that came without TLS, by the selection. */
async function copied(page: Document, made: HTMLInputElement): Promise<boolean> {
  made.select();
  try {
    await navigator.clipboard.writeText(made.value);
    return true;
  } catch {
    return page.execCommand("copy");
  }
}
