/** Words in five languages, and those that a page replaces. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { en } from "../src/texts/en.js";
import { fromRight, LANGUAGES, locale, readTexts, spoken, translator } from "../src/texts/index.js";

const places = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map(([one]) => one).sort();

test("every language says everything, with the same names and numbers in it", () => {
  for (const [language, texts] of Object.entries(LANGUAGES)) {
    assert.deepEqual(Object.keys(texts), Object.keys(en), language);
    for (const [key, text] of Object.entries(texts)) {
      assert.notEqual(text, "", `${language} ${key}`);
      assert.deepEqual(places(text), places(en[key as keyof typeof en]), `${language} ${key}`);
    }
  }
});

test("the first language that is known is spoken, and English where none is", () => {
  assert.equal(spoken(["it", "fr-CA", "de"]), "fr");
  assert.equal(spoken(["it"]), "en");
  assert.equal(translator("fr-CA")("end"), "Terminer");
  assert.ok(fromRight("ar-EG") && !fromRight("de"));
});

test("a page replaces words, and hears of keys that mean nothing", () => {
  const refused: string[] = [];
  const own = readTexts({ start: "Go", nothing: "x", end: 3 }, (name) => refused.push(name));
  assert.deepEqual(refused, ["nothing", "end"]);
  assert.equal(translator("de", own)("start"), "Go");
  assert.deepEqual(readTexts(null, () => assert.fail()), {});
});

test("names stand in their places, and a place without a name stays", () => {
  assert.equal(translator("en")("launch", { name: "Desk" }), "Talk with Desk");
  assert.equal(translator("en")("launch"), "Talk with {name}");
});

test("a language is written as clocks take it, or it is the browser's own", () => {
  assert.deepEqual(["de_DE", "pt-br", "English (UK)", ""].map(locale), ["de-DE", "pt-BR", undefined, undefined]);
});
