/** The pages of one Chromium, with everything their sockets carried. */
import { type Browser, chromium, type Page, type WebSocket } from "playwright-core";

/** One frame of a page's socket, without its sound. */
interface Frame {
  readonly socket: number;
  readonly way: "sent" | "received";
  readonly type: string;
  readonly turn: string | null;
  /** Bytes of sound in it. */
  readonly bytes: number;
  readonly text: string;
}

interface Opened {
  readonly page: Page;
  readonly frames: Frame[];
  readonly console: string[];
  readonly failed: string[];
}

type Given = Readonly<Record<string, unknown>>;

export class Pages {
  private browser: Browser | null = null;
  private readonly opened = new Map<number, Opened>();
  private count = 0;

  async do(what: string, given: Given): Promise<unknown> {
    switch (what) {
      case "launch":
        return this.launch(String(given["executable"]), given["args"] as string[]);
      case "open":
        return this.open(String(given["url"]));
      case "run":
        return this.page(given).page.evaluate(String(given["script"]));
      case "wait":
        await this.page(given).page.waitForFunction(String(given["script"]), undefined, {
          timeout: Number(given["timeout"]) * 1000,
          polling: 50,
        });
        return null;
      case "frames":
        return this.page(given).frames;
      case "console":
        return this.page(given).console;
      case "failed":
        return this.page(given).failed;
      case "close":
        await this.page(given).page.context().close();
        this.opened.delete(Number(given["page"]));
        return null;
      default:
        throw new Error(`the driver cannot ${what}`);
    }
  }

  async close(): Promise<void> {
    await this.browser?.close();
  }

  private async launch(executablePath: string, args: string[]): Promise<string> {
    this.browser = await chromium.launch({ executablePath, args, headless: true });
    return this.browser.version();
  }

  private async open(url: string): Promise<number> {
    if (this.browser === null) throw new Error("launch comes before open");
    const context = await this.browser.newContext();
    const page = await context.newPage();
    const opened: Opened = { page, frames: [], console: [], failed: [] };
    let sockets = 0;
    page.on("websocket", (socket) => watch(socket, sockets++, opened.frames));
    page.on("console", (message) => opened.console.push(`${message.type()}: ${message.text()}`));
    page.on("pageerror", (error) => opened.console.push(`uncaught: ${error.message}`));
    page.on("requestfailed", (request) => opened.failed.push(request.url()));
    await page.goto(url);
    this.opened.set(++this.count, opened);
    return this.count;
  }

  private page(given: Given): Opened {
    const opened = this.opened.get(Number(given["page"]));
    if (opened === undefined) throw new Error(`page ${String(given["page"])} is not open`);
    return opened;
  }
}

function watch(socket: WebSocket, number: number, frames: Frame[]): void {
  const note = (way: Frame["way"], payload: string | Buffer): void => {
    const text = payload.toString();
    let message: Record<string, unknown> = {};
    try {
      message = Object(JSON.parse(text)) as Record<string, unknown>;
    } catch {
      // Tests send frames that are no JSON on purpose; Object() takes care of `null` and `17`.
    }
    const type = String(message["type"] ?? "");
    const sound = type === "client.audio" || type === "response.audio";
    const bytes = sound ? Buffer.from(String(message["content"]), "base64").length : 0;
    const turn = message["turn_id"] == null ? null : String(message["turn_id"]);
    frames.push({ socket: number, way, type, turn, bytes, text: sound ? "" : text });
  };
  socket.on("framesent", ({ payload }) => note("sent", payload));
  socket.on("framereceived", ({ payload }) => note("received", payload));
}
