/** Forms that are sent without leaving the page; what is refused is said where it was asked. */

/** Sends a form as the browser would, and gives the words of a refusal; nothing where it was done. */
async function send(form: HTMLFormElement): Promise<string> {
  try {
    const answer = await fetch(form.action, {
      method: "POST",
      body: new URLSearchParams(new FormData(form) as unknown as Record<string, string>),
      redirect: "manual",
    });
    return answer.type === "opaqueredirect" || answer.ok ? "" : refusal(await answer.text());
  } catch {
    return "The server cannot be reached. Try again.";
  }
}

/** The sentence of a page that refuses. */
function refusal(html: string): string {
  const said = new DOMParser().parseFromString(html, "text/html").querySelector(".still p");
  return said?.textContent?.trim() || "That did not work. Load this page again.";
}

/** Lets the forms below an element do what they say; `told` gets each refusal, or nothing. */
export function follow(root: HTMLElement, told: (refusal: string) => void): void {
  root.addEventListener("submit", (event) => {
    const form = event.target as HTMLFormElement;
    if (form.dataset["do"] === undefined) return;
    event.preventDefault();
    const button = form.querySelector("button");
    if (button === null || button.disabled) return;
    button.disabled = true;
    const box = form.querySelector("textarea");
    const sent = box?.value ?? "";
    void send(form).then((words) => {
      button.disabled = false;
      if (words === "") {
        const now = box?.value ?? "";
        form.reset();
        // What was written meanwhile stays, behind what was sent or in its place.
        if (box !== null) box.value = now.startsWith(sent) ? now.slice(sent.length).trimStart() : now;
      }
      told(words);
    });
  });
  // As in every place where people write to each other: Enter sends, and Shift+Enter begins a line.
  root.addEventListener("keydown", (event) => {
    const box = event.target;
    if (!(box instanceof HTMLTextAreaElement) || event.key !== "Enter") return;
    if (event.shiftKey || event.isComposing) return;
    event.preventDefault();
    box.form?.requestSubmit();
  });
}
