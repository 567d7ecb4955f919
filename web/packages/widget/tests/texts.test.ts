/** Words in five languages, and those that a page replaces. */
import assert from "node:assert/strict";
import { test } from "node:test";
import ar from "../src/texts/ar.js";
import de from "../src/texts/de.js";
import { en } from "../src/texts/en.js";
import es from "../src/texts/es.js";
import fr from "../src/texts/fr.js";
import { fromRight, LANGUAGES, locale, readTexts, spoken, type Texts, translator } from "../src/texts/index.js";
import { Words } from "../src/words.js";

const FILES: Readonly<Record<string, Texts>> = { en, de, fr, es, ar };

const places = (text: string): string[] => [...text.matchAll(/\{\w+\}/g)].map(([one]) => one).sort();

test("every language says everything, with the same names and numbers in it", () => {
  assert.deepEqual(Object.keys(FILES), LANGUAGES);
  for (const [language, texts] of Object.entries(FILES)) {
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
  assert.equal(translator(fr)("end"), "Terminer");
  assert.ok(fromRight("ar-EG") && !fromRight("de"));
});

test("a page replaces words, and hears of keys that mean nothing", () => {
  const refused: string[] = [];
  const own = readTexts({ start: "Go", nothing: "x", end: 3 }, (name) => refused.push(name));
  assert.deepEqual(refused, ["nothing", "end"]);
  assert.equal(translator(de, own)("start"), "Go");
  assert.deepEqual(readTexts(null, () => assert.fail()), {});
});

test("names stand in their places, and a place without a name stays", () => {
  assert.equal(translator()("launch", { name: "Desk" }), "Talk with Desk");
  assert.equal(translator({})("launch"), "Talk with {name}");
});

test("a language is written as clocks take it, or it is the browser's own", () => {
  assert.deepEqual(["de_DE", "pt-br", "English (UK)", ""].map(locale), ["de-DE", "pt-BR", undefined, undefined]);
});

/** Words whose files come when the test says so. */
function shelf() {
  const asked: string[] = [];
  const told: string[] = [];
  const files = new Map<string, { come(texts: Texts): void; fail(error: Error): void }>();
  const words = new Words({
    bring: (language) =>
      new Promise((come, fail) => {
        asked.push(language);
        files.set(language, { come, fail });
      }),
    came: () => void told.push("came"),
    missing: (language, error) => void told.push(`${language}: ${String(error)}`),
  });
  return { words, asked, told, file: (language: string) => files.get(language)!, settled: () => new Promise(setImmediate) };
}

test("English is at hand; another language is waited for once, and switched to without a gap", async () => {
  const { words, asked, file, settled } = shelf();
  words.want("de-AT");
  assert.ok(words.awaited, "nothing is shown in English first");
  file("de").come(de);
  await settled();
  assert.deepEqual([words.awaited, words.of("de-AT"), words.texts.end], [false, "de-AT", "Beenden"]);
  words.want("fr");
  assert.deepEqual([words.awaited, words.of("fr"), words.texts.end], [false, "de", "Beenden"]);
  file("fr").come(fr);
  await settled();
  assert.deepEqual([words.of("fr"), words.texts.end], ["fr", "Terminer"]);
  words.want("en-GB");
  assert.deepEqual([words.of("en-GB"), words.texts.end, asked], ["en-GB", "End", ["de", "fr"]]);
  words.want("it");
  assert.deepEqual([words.of("it"), words.texts.end, asked.length], ["it", "End", 2], "a page brings those itself");
});

test("a language whose file cannot be had is English, and is told; one that comes too late is left", async () => {
  const { words, told, file, settled } = shelf();
  words.want("ar");
  words.want("es");
  file("ar").come(ar);
  await settled();
  assert.ok(words.awaited && told.length === 0);
  file("es").fail(new Error("offline"));
  await settled();
  assert.deepEqual([words.awaited, words.of("es"), words.texts.end], [false, "en", "End"]);
  assert.deepEqual(told, ["es: Error: offline", "came"]);
});

test("a language that could not be had is asked for again where the tag names another address, and only there", async () => {
  const { words, asked, told, file, settled } = shelf();
  words.want("de", "/wrong.js");
  const wrong = file("de");
  words.want("de", "/lost.js");
  wrong.fail(new Error("none"));
  await settled();
  assert.ok(words.awaited && told.length === 0, "another address is asked meanwhile");
  file("de").fail(new Error("none"));
  await settled();
  words.want("de", "/lost.js");
  assert.deepEqual([words.of("de"), asked.length], ["en", 2]);
  words.want("de", "/right.js");
  file("de").come(de);
  await settled();
  words.want("de", "/other.js");
  assert.deepEqual([words.of("de"), words.texts.end, asked.length], ["de", "Beenden", 3]);
});

test("nobody waits for a language for long", (t) => {
  t.mock.timers.enable({ apis: ["setTimeout"] });
  const { words, told } = shelf();
  words.want("de");
  t.mock.timers.tick(3000);
  assert.deepEqual([words.awaited, words.of("de"), told], [false, "en", ["came"]]);
});
