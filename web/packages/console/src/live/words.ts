/** What the server tells of conversations that go on; `wire/live.py` and the console's doors have the same. */
export type Side = "user" | "agent" | "person";

export interface Said {
  readonly turn: string;
  readonly side: Side;
  /** Who the person is, if it was one. */
  readonly name: string;
  readonly text: string;
  /** UTC milliseconds. */
  readonly at: number;
  readonly final: boolean;
  readonly interrupted: boolean;
}

/** All that the page of a conversation shows. */
export interface Shown {
  readonly since: number;
  readonly now: number;
  readonly state: string;
  readonly clients: number;
  readonly holder: string;
  readonly mine: boolean;
  readonly hidden: string;
  readonly said: readonly Said[];
}

export type Happening =
  | { readonly type: "words"; readonly turn: string; readonly side: Side; readonly text: string; readonly final: boolean }
  | { readonly type: "ended"; readonly turn: string; readonly interrupted: boolean }
  | { readonly type: "doing"; readonly state: string }
  | { readonly type: "levels"; readonly user: number; readonly agent: number }
  | { readonly type: "tool"; readonly name: string; readonly call: string; readonly status: string }
  | { readonly type: "told"; readonly code: string; readonly message: string }
  | { readonly type: "over"; readonly reason: string };

export interface Row {
  readonly conversation: string;
  readonly agent: string;
  readonly visitor: string;
  readonly transport: string;
  readonly since: number;
  readonly state: string;
  readonly waits: boolean;
  readonly holder: string;
  readonly side: Side;
  readonly text: string;
  readonly hidden: boolean;
}

/** A run that another program tells of. */
export interface Elsewhere {
  readonly id: string;
  readonly agent: string;
  readonly source: string;
  /** UTC milliseconds. */
  readonly started_at: number;
  readonly turns: number;
}

export interface Others {
  readonly runs: readonly Elsewhere[];
  readonly more: boolean;
}

export interface List {
  readonly rows: readonly Row[];
  readonly more: boolean;
  readonly elsewhere: Others;
  readonly now: number;
}

export interface Brief {
  readonly conversation: string;
  readonly state: string;
  readonly user: number;
  readonly agent: number;
  readonly taken: boolean;
  readonly text: string;
  readonly side: Side;
}

const STATES: Readonly<Record<string, string>> = { initializing: "getting ready" };

/** What the pill says of an agent, and the class that it gets. */
export function doing(state: string, holder: string, waits: boolean): [string, string] {
  if (holder !== "") return [`${holder} answers`, "person"];
  if (waits) return ["waits for the visitor", "busy"];
  if (state === "") return ["in another process", ""];
  const look = state === "speaking" ? "speaks" : state === "listening" ? "good" : "";
  return [STATES[state] ?? state, look];
}

/** How long something goes on: `0:18`, `12:05`, `1:02:09`. */
export function span(milliseconds: number): string {
  const all = Math.floor(Math.max(0, milliseconds) / 1000);
  const two = (part: number): string => String(part).padStart(2, "0");
  const [hours, minutes] = [Math.floor(all / 3600), Math.floor(all / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(all % 60)}` : `${minutes}:${two(all % 60)}`;
}

/** A text that is no longer than that, with the sign of it. */
export function clip(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1).trimEnd()}…`;
}
