/** The widget's style sheets: made once, and shared by every widget of a page. */
import { base } from "./base.js";
import { launcher } from "./launcher.js";
import { panel } from "./panel.js";
import { talk } from "./talk.js";
import { wide } from "./wide.js";

let made: CSSStyleSheet[] | null = null;

/** Sheets that a document adopts are no inline style: the strictest policy lets them be. */
export function sheets(): CSSStyleSheet[] {
  made ??= [base, launcher, panel, talk, wide].map((text) => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync(text);
    return sheet;
  });
  return made;
}
