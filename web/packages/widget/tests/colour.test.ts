/** Any accent can be read on its ground. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { contrast, PAPER, palette, parseColour, type Rgb } from "../src/colour.js";

const hex = (text: string): Rgb => {
  const at = (place: number): number => Number.parseInt(text.slice(place, place + 2), 16) / 255;
  return [at(1), at(3), at(5)];
};

test("colours are understood as browsers compute them, and no other", () => {
  assert.deepEqual(parseColour("rgb(255, 0, 51)"), [1, 0, 0.2]);
  assert.deepEqual(parseColour("color(srgb 0.5 0.25 1)"), [0.5, 0.25, 1]);
  assert.deepEqual(parseColour("color(srgb 1.2 -0.1 1e-3)"), [1, 0, 0.001]);
  assert.equal(parseColour("oklch(0.5 0.1 20)"), null);
  assert.equal(parseColour(""), null);
});

test("black and white are as far apart as can be", () => {
  assert.equal(Math.round(contrast([0, 0, 0], [1, 1, 1])), 21);
  assert.equal(contrast([0.3, 0.3, 0.3], [0.3, 0.3, 0.3]), 1);
});

test("every accent is seen as a shape, read as text, and read upon", () => {
  const accents: Rgb[] = [[1, 0.84, 0], [1, 1, 1], [0, 0, 0], [0.14, 0.34, 0.78], [0.5, 0.5, 0.5], [0, 1, 0.6]];
  for (const accent of accents) {
    for (const theme of ["light", "dark"] as const) {
      const { shape, text, fill, onFill } = palette(accent, theme);
      const where = `${accent.join(" ")} ${theme}`;
      assert.ok(contrast(hex(shape), PAPER[theme]) >= 3, `shape of ${where}`);
      assert.ok(contrast(hex(text), PAPER[theme]) >= 4.5, `text of ${where}`);
      assert.ok(contrast(hex(fill), hex(onFill)) >= 4.5, `button of ${where}`);
    }
  }
});

test("an accent that can be read already stays as it is", () => {
  assert.equal(palette(hex("#2456c7"), "light").text, "#2456c7");
});
