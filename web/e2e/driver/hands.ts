/** What a person does with a page: by mouse, keys and touch, and never through its code. */
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

import type { Page } from "playwright-core";

type Given = Readonly<Record<string, unknown>>;
/** Evaluates in the page, without counting as a touch of it. */
type Run = (script: string) => Promise<unknown>;

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** WCAG 2.2 to AA, and what axe-core knows to be good besides. */
const RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"];

/** Undefined where it is nothing that hands do. */
export async function act(page: Page, what: string, given: Given, run: Run): Promise<unknown> {
  const selector = String(given["selector"] ?? "");
  const key = String(given["key"] ?? "");
  switch (what) {
    case "click":
      return (await page.click(selector, { timeout: 30_000 })) ?? null;
    case "download": {
      const [file] = await Promise.all([page.waitForEvent("download"), page.click(selector)]);
      return [file.suggestedFilename(), readFileSync(await file.path(), "utf8")];
    }
    case "fill":
      return (await page.fill(selector, String(given["text"]))) ?? null;
    case "press":
      return (await page.keyboard.press(key)) ?? null;
    case "down":
      return (await page.keyboard.down(key)) ?? null;
    case "up":
      return (await page.keyboard.up(key)) ?? null;
    case "mouse":
      await page.hover(selector);
      return (await (given["down"] ? page.mouse.down() : page.mouse.up())) ?? null;
    case "point":
      return (await page.mouse.move(Number(given["x"]), Number(given["y"]))) ?? null;
    case "tap":
      return (await page.mouse.click(Number(given["x"]), Number(given["y"]))) ?? null;
    case "wheel":
      return (await page.mouse.wheel(0, Number(given["by"]))) ?? null;
    case "choose":
      await page.selectOption(selector, { label: String(given["label"]) });
      return null;
    case "permit":
      await page.context().grantPermissions(given["permissions"] as string[]);
      return null;
    case "goto":
      await page.goto(new URL(String(given["path"]), page.url()).href);
      return null;
    case "reload":
      await page.reload();
      return null;
    case "offline":
      return (await page.context().setOffline(Boolean(given["offline"]))) ?? null;
    case "look":
      await page.bringToFront(); // a page behind another one draws nothing, and hears of no change
      return (await page.emulateMedia({ colorScheme: given["scheme"] as "light" | "dark" })) ?? null;
    case "screenshot":
      await page.screenshot({ path: String(given["path"]) });
      return null;
    case "axe":
      return violations(run);
    default:
      return undefined;
  }
}

/** What axe-core finds wrong, each with the elements that it is wrong of. */
async function violations(run: Run): Promise<unknown> {
  await run(`${AXE};null`);
  return run(`axe.run({ runOnly: ${JSON.stringify(RULES)}, resultTypes: ["violations"] })
    .then(({ violations }) => violations.flatMap(({ id, help, nodes }) => nodes.map(
      ({ html, failureSummary }) => [id + ": " + help, html, failureSummary].join("\\n"))))`);
}
