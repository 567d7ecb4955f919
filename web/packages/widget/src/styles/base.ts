/** The host, the root, and the colours. Pixels throughout: a page's own root size means nothing here. */
import { css } from "./css.js";

export const base = css`
:host(:not([experience-mode="EMBEDDED" i])) { all: initial !important; display: contents !important; }
:host([experience-mode="EMBEDDED" i]) { display: block !important; opacity: 1 !important; visibility: visible !important; height: 100%; }
:host([position="inline" i]:not([experience-mode="EMBEDDED" i])) { display: inline-block !important; max-width: 100% !important; }
:host([hidden]) { display: none !important; }
[hidden] { display: none !important; }

.root {
  all: initial;
  --paper: #faf8f4; --card: #fffefb; --ink: #1f1b16; --soft: #6d655a; --line: #e6e0d4; --pill: #f1ece1;
  --agent: #c96a31; --accent: #9a4a1c; --both: #f6dfc8; --primary: #1f1b16; --on-primary: #faf8f4;
  --you: #3d8388; --you-ink: #23666b; --you-soft: #e0ecea;
  --busy: #8a6100; --busy-soft: #f8ebc8; --end: #a3301f; --end-soft: #f8e3dd;
  --shade: 31 27 22; --deep: .2;
  --serif: var(--duologue-serif, "Iowan Old Style", "Palatino Linotype", Palatino, "Book Antiqua", Georgia, serif);
  --sans: var(--duologue-font, system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif);
  --ease: cubic-bezier(.2, .8, .2, 1);
  --edge: 20px; --wide: 388px; --tall: 660px; --bell: 60px;
  display: block; box-sizing: border-box; color: var(--ink); color-scheme: light;
  font: 400 15.5px/1.55 var(--sans); -webkit-text-size-adjust: 100%; text-size-adjust: 100%;
  -webkit-font-smoothing: antialiased; -webkit-tap-highlight-color: transparent;
}
.root[data-theme="dark"] {
  --paper: #16140f; --card: #1e1b16; --ink: #efe9dd; --soft: #a59b8b; --line: #332e26; --pill: #2a261f;
  --agent: #d9793d; --accent: #eda06a; --both: #f4dcc2; --primary: #efe9dd; --on-primary: #16140f;
  --you: #4f9ba0; --you-ink: #84c4c7; --you-soft: #1c2e2f;
  --busy: #e6c15c; --busy-soft: #372d12; --end: #f0907c; --end-soft: #3b1f19;
  --shade: 0 0 0; --deep: .6;
  color-scheme: dark;
}
.root[data-size="compact"] { --wide: 344px; --tall: 560px; --bell: 56px; }
.root[data-size="large"] { --wide: 448px; --tall: 780px; --bell: 68px; }
/* The place decides how tall it is; where the place does not know, this does. */
.root[data-shape="embedded"] { height: 100%; min-height: 360px; container: place / size; contain-intrinsic-height: 600px; }

*, *::before, *::after { box-sizing: border-box; }
p, ul { margin: 0; padding: 0; }
ul { list-style: none; }
button, input, textarea, select { font: inherit; color: inherit; letter-spacing: inherit; margin: 0; }
button { cursor: pointer; touch-action: manipulation; border: 0; padding: 0; background: none; text-align: inherit; }
canvas { display: block; }
.icon { width: 24px; height: 24px; fill: none; stroke: currentColor; stroke-width: 1.7; stroke-linecap: round; stroke-linejoin: round; flex: none; }
.icon.send, .icon.close, .icon.dismiss { stroke-width: 1.9; }
:focus { outline: none; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
[data-unseen] { position: absolute; clip-path: inset(50%); width: 1px; height: 1px; overflow: hidden; white-space: nowrap; }

@media (prefers-contrast: more) {
  .root { --soft: #3d372f; --line: #7d7567; --accent: #7a3510; --you-ink: #174e53; --busy: #634500; --end: #85200f; }
  .root[data-theme="dark"] { --soft: #d9d0c1; --line: #8b8272; --accent: #f6b98c; --you-ink: #a3dadd; --busy: #f2d68a; --end: #f7ae9e; }
  .launcher, .bubble, .notice, .mend, .consent, .said[data-role="user"] .words, .root:not([data-shape="embedded"]) .panel { border: 1px solid var(--line); }
  .root .round:is(.end, .speak) { box-shadow: inset 0 0 0 1px currentColor !important; }
}
@media (forced-colors: active) {
  .root { --agent: Highlight !important; --accent: Highlight !important; --you: LinkText; --both: Canvas; --paper: Canvas; --line: CanvasText; --soft: CanvasText; }
  .root[data-theme="dark"] { --you: LinkText; --both: Canvas; --paper: Canvas; --line: CanvasText; --soft: CanvasText; }
  .launcher, .root:not([data-shape="embedded"]) .panel, .bubble, .unread, .round, .big, .quiet, .chip, .composer, .newest, .notice, .mend, .thumb, .why, .devices, .consent, .said[data-role="user"] .words { border: 1px solid CanvasText !important; }
  .big, .send, .root .round.mute[data-on], .thumb[aria-pressed="true"] { forced-color-adjust: none; background: ButtonText !important; color: ButtonFace !important; }
  .hold[data-down] { background: Highlight !important; color: HighlightText !important; }
  .composer:focus-within, .why:focus { outline: 2px solid Highlight; outline-offset: 2px; }
  .interrupt[aria-disabled="true"] { color: GrayText; opacity: 1 !important; }
}
@media (prefers-reduced-motion: reduce) {
  *, *::before, *::after { animation: none !important; transition: none !important; }
}
`;
