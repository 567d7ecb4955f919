/** `<script src="https://host/duologue.js">`: the widget, whose client and languages that host has as well. */
import { scriptOrigin } from "./base.js";
import { bring } from "./bring.js";
import { define } from "./define.js";

define({
  origin: scriptOrigin(document, "/duologue.js"),
  load: (url) => bring(url),
  words: (language, client) => bring(new URL(`widget-${language}.js`, new URL(client, document.baseURI)).href),
});
