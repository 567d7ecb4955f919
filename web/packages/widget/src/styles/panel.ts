/** The panel: a card in the corner, a sheet on a phone, or the whole of its place. */
import { css } from "./css.js";

export const panel = css`
.panel {
  position: fixed; z-index: var(--duologue-z, 2147483000); display: flex; flex-direction: column; min-height: 0;
  width: min(var(--wide), calc(100vw - 2 * var(--edge))); height: min(var(--tall), calc(100vh - 2 * var(--edge)));
  height: min(var(--tall), calc(100dvh - 2 * var(--edge))); max-height: calc(100% - 2 * var(--edge));
  background: var(--paper); border-radius: var(--duologue-radius, 28px); overflow: hidden; overscroll-behavior: contain;
  box-shadow: 0 0 0 1px rgb(var(--shade) / .07), 0 4px 12px rgb(var(--shade) / .06), 0 28px 70px -14px rgb(var(--shade) / calc(var(--deep) * 1.7));
  transition: transform .38s var(--ease), opacity .22s ease, visibility 0s;
}
.root[data-theme="dark"] .panel { box-shadow: 0 0 0 1px var(--line), 0 28px 70px -14px rgb(0 0 0 / .8); }
.panel:focus-visible { outline: none; }
.root[data-open="false"] .panel { opacity: 0; visibility: hidden; transform: translateY(14px) scale(.97); transition-delay: 0s, 0s, .22s; }
.root[data-position^="top"][data-open="false"] .panel { transform: translateY(-14px) scale(.97); }
.root[data-position$="right"] .panel { right: calc(var(--edge) + env(safe-area-inset-right, 0px)); }
.root[data-position$="left"] .panel { left: calc(var(--edge) + env(safe-area-inset-left, 0px)); }
.root[data-position^="bottom"] .panel { bottom: calc(var(--edge) + env(safe-area-inset-bottom, 0px)); transform-origin: bottom; }
.root[data-position^="top"] .panel { top: calc(var(--edge) + env(safe-area-inset-top, 0px)); transform-origin: top; }
.root[data-shape="inline"] .panel { position: relative; width: var(--wide); max-width: 100%; height: var(--tall); max-height: 100vh; }
.root[data-shape="inline"][data-open="false"] .panel { display: none; }
.root[data-shape="embedded"] .panel { position: relative; inset: auto; width: 100%; height: 100%; max-height: none; min-height: inherit; border-radius: var(--duologue-radius, 0); background: none; box-shadow: none; }

.bar { flex: none; display: flex; align-items: center; justify-content: space-between; gap: 8px; height: 52px; padding-inline: 24px 8px; }
.heading { font: 400 19px/1.2 var(--serif); letter-spacing: -.01em; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; transition: opacity .25s; }
.root[data-layout="alone"] .heading { opacity: 0; }
.shut { flex: none; margin-inline-start: auto; display: grid; place-items: center; width: 44px; height: 44px; border-radius: 50%; color: var(--soft); transition: background-color .15s, color .15s; }
.shut:hover { background: var(--pill); color: var(--ink); }
.root[data-shape="embedded"] .bar { display: none; }

.stage { position: relative; flex: none; text-align: center; padding: 0 24px; min-width: 0; }
.root[data-layout="alone"] .stage { flex: 1 1 auto; display: flex; flex-direction: column; justify-content: center; min-height: 0; padding-block: 0 20px; }
.voices { position: relative; height: clamp(110px, 30vh, 190px); flex: 0 1 auto; min-height: 90px; }
.root[data-size="compact"] .voices { height: clamp(96px, 24vh, 150px); }
.root[data-size="large"] .voices { height: clamp(120px, 32vh, 230px); }
/* The rings of a loud voice need room that nothing else does. */
.voices-canvas { position: absolute; top: -16%; left: 50%; width: 100%; height: 132%; transform: translateX(-50%); pointer-events: none; }
.portrait { position: absolute; inset: 0; display: none; place-items: center; }
.root[data-looks="round"] .portrait { display: grid; }
.root[data-looks="round"] .portrait > * { width: var(--across, 120px); height: var(--across, 120px); border-radius: 50%; object-fit: cover; }
.root[data-looks="film"] .portrait { display: grid; }
/* Of its own shape, so that no chin is cut off. */
.root[data-looks="film"] .portrait > * { max-width: 100%; height: 100%; min-height: 0; border-radius: 20px; object-fit: cover; background: var(--pill); }
.root[data-looks="film"] .voices-canvas { display: none; }
.root[data-looks="film"] .voices { height: clamp(150px, 36vh, 260px); }

.name { font: 400 32px/1.1 var(--serif); letter-spacing: -.022em; margin-top: 16px; overflow-wrap: anywhere; }
.root[data-size="compact"] .name { font-size: 27px; margin-top: 8px; }
.root[data-size="large"] .name { font-size: 38px; }
.state { margin-top: 6px; font-size: 16px; color: var(--soft); transition: color .25s; }
.detail { font-size: 14.5px; line-height: 1.45; color: var(--soft); text-wrap: balance; }
.root[data-layout="alone"] .detail { min-height: 0; }
.detail:empty { display: none; }
.root[data-mood="listening"] .state { color: var(--you-ink); }
.root[data-mood="speaking"] .state, .root[data-mood="thinking"] .state { color: var(--accent); }
.greeting { margin-top: 8px; font: italic 400 17px/1.45 var(--serif); overflow-wrap: anywhere; text-wrap: balance; }
:lang(ar) .greeting { font-style: normal; }
.greeting::before { content: "“"; }
.greeting::after { content: "”"; }
.caption { margin-top: 12px; font: 400 20px/1.4 var(--serif); text-wrap: balance; max-height: 5.6em; overflow: hidden; display: flex; flex-direction: column; justify-content: flex-end; }
.caption[data-role="user"] { color: var(--you-ink); font-family: var(--sans); font-size: 17px; }

.actions { display: flex; flex-wrap: wrap; justify-content: center; align-items: center; gap: 10px; margin-top: 18px; }
.actions:not(:has(> :not([hidden]))) { display: none; }
.big {
  display: inline-flex; align-items: center; justify-content: center; gap: 10px; min-height: 52px; padding-inline: 22px 28px; border-radius: 99px;
  background: var(--primary); color: var(--on-primary); font-size: 17px; font-weight: 500; transition: transform .15s ease, filter .15s ease;
}
.big:hover { filter: brightness(1.12); }
.root[data-theme="dark"] .big:hover { filter: brightness(.93); }
.big:active { transform: scale(.975); }
.big .icon { width: 21px; height: 21px; }
.hold { min-width: 220px; touch-action: none; user-select: none; -webkit-user-select: none; }
.hold[data-down] { background: var(--you-ink); color: var(--paper); }
.quiet { min-height: 52px; padding: 0 22px; border-radius: 99px; background: var(--card); box-shadow: inset 0 0 0 1px var(--line); transition: box-shadow .15s; }
.quiet:hover { box-shadow: inset 0 0 0 1px var(--soft); }
.plain { min-height: 44px; color: inherit; text-decoration: underline; text-decoration-thickness: 1px; text-underline-offset: 3px; border-radius: 8px; }
.mend { flex: none; margin: 10px 16px 0; padding: 13px 18px 4px; border-radius: 18px; background: var(--busy-soft); font-size: 14.5px; line-height: 1.45; text-align: start; }
.mend:not(:has(.plain:not([hidden]))) { padding-bottom: 13px; }
.mend strong { display: block; color: var(--busy); font-weight: 600; }
.root[data-mood="over"] .voices { opacity: .9; }
`;
