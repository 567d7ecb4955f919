/** Forms that are sent without leaving the page; what is refused is said where it was asked. */

export interface Deed {
  readonly name: string;
  readonly form: HTMLFormElement;
}

/** Sends what a form says, as the browser would; the words of a refusal, or nothing where it was done. */
async function send(form: HTMLFormElement, body: URLSearchParams): Promise<string> {
  try {
    const answer = await fetch(form.action, { method: "POST", body, redirect: "manual" });
    return answer.type === "opaqueredirect" || answer.ok ? "" : refusal(await answer.text());
  } catch {
    return "The server cannot be reached. Try again.";
  }
}

function said(form: HTMLFormElement): URLSearchParams {
  return new URLSearchParams(new FormData(form) as unknown as Record<string, string>);
}

/** The sentence of a page that refuses. */
function refusal(html: string): string {
  const words = new DOMParser().parseFromString(html, "text/html").querySelector(".still p");
  return words?.textContent?.trim() || "That did not work. Load this page again.";
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
    const body = said(form);
    void send(form, body).then((words) => {
      button.disabled = false;
      if (words === "" && `${said(form)}` === `${body}`) form.reset(); // else something was written meanwhile
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
