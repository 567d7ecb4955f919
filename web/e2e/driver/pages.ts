/** The pages of one Chromium, with everything their sockets carried. */
import {
  type Browser,
  type BrowserContext,
  type BrowserContextOptions,
  type CDPSession,
  chromium,
  type Page,
} from "playwright-core";

import { Frames } from "./frames";
import { act } from "./hands";

interface Opened {
  readonly page: Page;
  readonly devtools: CDPSession;
  readonly frames: Frames;
  readonly console: string[];
  readonly failed: string[];
}

type Given = Readonly<Record<string, unknown>>;

/** Bytes a second: what is not limited at all cannot be cut off either. */
const UNLIMITED = 1e9;

export class Pages {
  private browser: Browser | null = null;
  private readonly opened = new Map<number, Opened>();
  private count = 0;

  async do(what: string, given: Given): Promise<unknown> {
    switch (what) {
      case "launch":
        return this.launch(String(given["executable"]), given["args"] as string[]);
      case "open":
        return this.open(given);
      case "run":
        return value(this.page(given).devtools, String(given["script"]));
      case "wait":
        await until(this.page(given).devtools, String(given["script"]), Number(given["timeout"]));
        return null;
      case "frames":
        return this.page(given).frames.all.slice(Number(given["after"] ?? 0));
      case "sound":
        return this.page(given).frames.sound(String(given["turn"]));
      case "console":
        return this.page(given).console;
      case "failed":
        return this.page(given).failed;
      case "network":
        return this.network(this.page(given).devtools, Boolean(given["there"]));
      case "close":
        return this.shut(Number(given["page"]), this.page(given).page);
    }
    const { page, devtools } = this.page(given);
    const done = await act(page, what, given, (script) => value(devtools, script));
    if (done === undefined) throw new Error(`the driver cannot ${what}`);
    return done;
  }

  async close(): Promise<void> {
    await this.browser?.close();
  }

  private async launch(executablePath: string, args: string[]): Promise<string> {
    this.browser = await chromium.launch({ executablePath, args, headless: true });
    return this.browser.version();
  }

  /** Opens a page in a profile of its own, or as another tab `beside` a page. */
  private async open(given: Given): Promise<number> {
    const context = await this.context(given);
    const page = await context.newPage();
    if (given["before"] != null) await page.addInitScript(String(given["before"]));
    const devtools = await context.newCDPSession(page);
    const opened: Opened = { page, devtools, frames: new Frames(), console: [], failed: [] };
    page.on("websocket", (socket) => opened.frames.watch(socket));
    page.on("console", (message) => {
      const missing = message.text().startsWith("Failed to load resource") ? ` ${message.location().url}` : "";
      opened.console.push(`${message.type()}: ${message.text()}${missing}`);
    });
    page.on("pageerror", (error) => opened.console.push(`uncaught: ${error.message}`));
    page.on("requestfailed", (request) => opened.failed.push(request.url()));
    await page.goto(String(given["url"]));
    this.opened.set(++this.count, opened);
    return this.count;
  }

  private async context(given: Given): Promise<BrowserContext> {
    if (given["beside"] != null) return this.page({ page: given["beside"] }).page.context();
    if (this.browser === null) throw new Error("launch comes before open");
    return this.browser.newContext((given["profile"] ?? {}) as BrowserContextOptions);
  }

  /**
   * Takes the network from a page, WebRTC's sockets included, or gives it back. Those have an end to
   * be taken by only if this was called before they were made.
   */
  private async network(devtools: CDPSession, there: boolean): Promise<null> {
    await devtools.send("Network.emulateNetworkConditions", {
      offline: !there,
      latency: 0,
      downloadThroughput: UNLIMITED,
      uploadThroughput: UNLIMITED,
      packetLoss: there ? 0 : 100,
    });
    return null;
  }

  private async shut(number: number, page: Page): Promise<null> {
    const context = page.context();
    await page.close();
    if (context.pages().length === 0) await context.close();
    this.opened.delete(number);
    return null;
  }

  private page(given: Given): Opened {
    const opened = this.opened.get(Number(given["page"]));
    if (opened === undefined) throw new Error(`page ${String(given["page"])} is not open`);
    return opened;
  }
}

/** Waits for an expression. Polling from here: a page's own policy may forbid it to evaluate text. */
async function until(devtools: CDPSession, script: string, seconds: number): Promise<void> {
  const end = performance.now() + seconds * 1000;
  while (!(await value(devtools, script).catch(left))) {
    if (performance.now() > end) throw new Error(`not within ${seconds} s`);
    await new Promise((done) => setTimeout(done, 50));
  }
}

/** In a document that is being left nothing is true: what is waited for stands in the next one. */
function left(error: Error): false {
  if (error.message.includes("Inspected target navigated")) return false;
  throw error;
}

/** What an expression is worth. Not by `page.evaluate`, which a browser takes for a user's touch. */
async function value(devtools: CDPSession, expression: string): Promise<unknown> {
  const { result, exceptionDetails: failed } = await devtools.send("Runtime.evaluate", {
    expression,
    awaitPromise: true,
    returnByValue: true,
  });
  if (failed !== undefined) throw new Error(failed.exception?.description ?? failed.text);
  return result.value;
}
