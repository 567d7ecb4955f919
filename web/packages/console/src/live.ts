/** What goes on now: the list, or one conversation. */
import { ListPage } from "./live/list.js";
import { OnePage } from "./live/one.js";

export function begin(page: Document): void {
  const root = page.querySelector<HTMLElement>("[data-live]");
  if (root === null) return;
  if (root.dataset["live"] === "list") new ListPage(root);
  else new OnePage(root);
}
