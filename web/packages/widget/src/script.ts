/** `<script src="https://host/duologue.js">`: the widget, whose client that host has as well. */
import { scriptOrigin } from "./base.js";
import { define } from "./define.js";
import type { Client } from "./seam.js";

define({
  origin: scriptOrigin(document, "/duologue.js"),
  load: (url) => import(url) as Promise<Client>,
});
