/** What the server takes: texts of a length, flat values, ids that sort by time. */
import type { Value } from "./types.js";

const KEYS = 32;
const LONGEST = 500;

/** A new id: a prefix and the 32 hex digits of a UUIDv7, of ten random bytes. */
export function newId(prefix: string, now: number, random: Uint8Array): string {
  const hex = [...random].map((byte) => byte.toString(16).padStart(2, "0")).join("");
  const variant = "89ab"[(random[9] ?? 0) & 3];
  return `${prefix}${now.toString(16).padStart(12, "0")}7${hex.slice(0, 3)}${variant}${hex.slice(3, 18)}`;
}

/** A text without what no page has reason to say, and no longer than the server reads. */
export function clipped(text: unknown, most: number): string {
  const clean = String(text ?? "").replace(/[\p{Cc}\p{Cs}]/gu, " ");
  return clean.length > most ? clean.slice(0, most).replace(/\p{Cs}$/u, "") : clean;
}

/** Flat values of a bounded number: what is no value of a table's cell becomes its JSON. */
export function flat(given: unknown): Record<string, Value> {
  const found = Object.entries(Object(given) as object).filter(([name, value]) => name !== "" && value !== undefined);
  return Object.fromEntries(found.slice(0, KEYS).map(([name, value]) => [clipped(name, 64), cell(value)]));
}

function cell(value: unknown): Value {
  if (value === null || typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) && Math.abs(value) <= 2 ** 53 ? value : String(value);
  return clipped(typeof value === "string" ? value : JSON.stringify(value), LONGEST);
}
