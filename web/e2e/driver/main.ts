/**
 * A browser for a test in another language: one JSON request a line on stdin, one answer on stdout.
 * It ends when stdin ends.
 */
import { createInterface } from "node:readline";

import { Pages } from "./pages";

interface Request {
  readonly id: number;
  readonly do: string;
  readonly with: Readonly<Record<string, unknown>>;
}

const pages = new Pages();

async function answer(line: string): Promise<void> {
  const request = JSON.parse(line) as Request;
  let reply: Record<string, unknown>;
  try {
    reply = { id: request.id, value: (await pages.do(request.do, request.with)) ?? null };
  } catch (error) {
    reply = { id: request.id, error: error instanceof Error ? error.message : String(error) };
  }
  process.stdout.write(`${JSON.stringify(reply)}\n`);
}

const lines = createInterface({ input: process.stdin });
lines.on("line", (line) => void answer(line));
lines.on("close", () => void pages.close().finally(() => process.exit(0)));
