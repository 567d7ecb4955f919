/** What was said, what is typed, and what is always at hand. */
import { css } from "./css.js";

export const talk = css`
.side { position: relative; flex: 1 1 0; min-height: 0; display: none; flex-direction: column; }
.root[data-layout="both"] .side { display: flex; }
.root[data-layout="both"] .voices { height: clamp(76px, 17vh, 116px); min-height: 0; }
.root[data-layout="both"][data-looks="film"] .voices { height: clamp(110px, 26vh, 190px); }
.root[data-layout="both"] .name { display: none; }
.root[data-layout="both"] .bar { margin-bottom: -10px; }
.root[data-layout="both"] .stage { padding-bottom: 8px; }
.root[data-layout="both"] .state { margin-top: 2px; }
.root[data-layout="both"] .detail { min-height: 21px; display: block; }
.root[data-layout="both"] .actions { margin-top: 10px; }
.root[data-layout="both"] .mend { margin-bottom: 12px; }
.root[data-layout="both"] .actions { gap: 8px; padding-bottom: 6px; }
.root[data-layout="both"] .actions :is(.big, .quiet) { min-height: 46px; padding-inline: 18px 22px; font-size: 15.5px; }
.root[data-layout="both"] .actions .quiet { padding-inline: 18px; }
.scroll { flex: 1; min-height: 0; overflow-y: auto; overscroll-behavior: contain; padding: 16px 20px 12px; scrollbar-width: thin; scrollbar-color: var(--line) transparent;
  border-top: 1px solid var(--line); background: var(--card); }
.scroll:focus-visible { outline-offset: -3px; border-radius: 4px; }
.log, .pending { display: flex; flex-direction: column; gap: 14px; }
.log:not(:empty) + .pending:not(:empty) { margin-top: 14px; }
.said { max-width: 88%; align-self: flex-start; animation: arrive .32s var(--ease) both; }
.said[data-role="user"] { align-self: flex-end; }
.who { display: flex; gap: 8px; align-items: baseline; margin-bottom: 2px; font-size: 12.5px; line-height: 1.5; color: var(--soft); }
.said[data-role="user"] .who { flex-direction: row-reverse; }
.who time { order: 1; opacity: 0; font-variant-numeric: tabular-nums; transition: opacity .15s; }
.said:hover time, .log > :last-child time, .scroll:focus time { opacity: 1; }
.mark { color: var(--accent); }
.mark:empty { display: none; }
.who + .words { padding: 0; min-height: 0; display: block; overflow-wrap: anywhere; white-space: pre-line; border-radius: 0; }
.said[data-role="agent"] .words { font: 400 17.5px/1.48 var(--serif); }
.said[data-role="user"] .words { font: inherit; background: var(--you-soft); border-radius: 18px; border-end-end-radius: 5px; padding: 8px 14px; line-height: 1.48; }
.said[data-role="user"][data-moving] .words { background: color-mix(in srgb, var(--you-soft) 55%, transparent); color: var(--soft); font-style: italic; }
.newest { position: absolute; left: 50%; bottom: 10px; transform: translateX(-50%); min-height: 44px; padding: 0 18px; border-radius: 99px; background: var(--card); font-size: 14px; box-shadow: 0 0 0 1px var(--line), 0 4px 16px rgb(var(--shade) / .14); }

.begin { flex: none; padding: 0 20px 12px; }
.hint { font-size: 13.5px; color: var(--soft); }
.chips { display: flex; gap: 8px; margin: 6px -20px 0; padding: 2px 20px; overflow-x: auto; scrollbar-width: none; scroll-snap-type: x proximity; overscroll-behavior-x: contain; }
.chips::-webkit-scrollbar { display: none; }
.chips li { flex: none; scroll-snap-align: start; scroll-margin-inline: 20px; }
.chip { min-height: 44px; max-width: 270px; padding: 4px 16px; border-radius: 22px; background: var(--card); box-shadow: inset 0 0 0 1px var(--line); font: italic 400 16px/1.3 var(--serif); transition: box-shadow .15s; }
:lang(ar) .chip { font-style: normal; }
.chip:hover { box-shadow: inset 0 0 0 1px var(--soft); }
.root[data-layout="both"] :is(.begin, .dock, .foot) { background: var(--card); }

.dock { flex: none; display: flex; align-items: center; gap: 8px; padding: 4px 14px 14px; }
.dock:not(:has(> .composer:not([hidden]), .round:not([hidden]))) { display: none; }
.composer { flex: 1; min-width: 0; display: flex; align-items: center; gap: 4px; height: 52px; padding: 4px; border-radius: 26px; background: var(--card); box-shadow: inset 0 0 0 1px var(--line); transition: box-shadow .15s; }
.root[data-layout="both"] .composer { background: var(--paper); }
.composer:focus-within { box-shadow: inset 0 0 0 2px var(--accent); }
.box { flex: 1; min-width: 0; height: 44px; border: 0; background: none; padding: 0; padding-inline: 16px 4px; font-size: 16px; outline: none; appearance: none; border-radius: 22px; }
.box::placeholder { color: var(--soft); opacity: 1; }
.send { flex: none; width: 44px; height: 44px; display: grid; place-items: center; border-radius: 50%; background: var(--primary); color: var(--on-primary); transition: background-color .2s, color .2s; }
.send .icon { width: 21px; height: 21px; }
.composer:has(:placeholder-shown) .send { background: var(--pill); color: var(--soft); }
/* What is not typed needs no button to be sent by. */
.dock:has(.interrupt[aria-disabled="false"]:not([hidden])) .composer:has(:placeholder-shown) .send { display: none; }
.rounds { flex: none; display: flex; gap: 8px; }
.rounds:not(:has(> :not([hidden]))) { display: none; }
.round { position: relative; display: grid; place-items: center; width: 52px; height: 52px; border-radius: 50%; background: var(--card); box-shadow: inset 0 0 0 1px var(--line); transition: background-color .2s, color .2s, box-shadow .15s; }
.root[data-layout="both"] .round { background: var(--paper); }
.round:hover { box-shadow: inset 0 0 0 1px var(--soft); }
.round .icon { width: 23px; height: 23px; }
.round span { position: absolute; clip-path: inset(50%); white-space: nowrap; width: 1px; height: 1px; overflow: hidden; }
.round.mute path:last-child { opacity: 0; }
.root .round.mute[data-on] { background: var(--ink); color: var(--paper); box-shadow: none; }
.round.mute[data-on] path:last-child { opacity: 1; }
.root .round.end { background: var(--end-soft); color: var(--end); box-shadow: none; }
.root .round.end:hover { box-shadow: inset 0 0 0 1px var(--end); }
.root .round.speak { background: var(--you-soft); color: var(--you-ink); box-shadow: none; }
.interrupt[aria-disabled="true"] { display: none; }

.root[data-layout="alone"] .dock:has(.composer[hidden]) { justify-content: center; padding-bottom: 24px; }
.root[data-layout="alone"] .dock:has(.composer[hidden]) .rounds { gap: 26px; }
.root[data-layout="alone"] .dock:has(.composer[hidden]) .round { width: 60px; height: 60px; margin-bottom: 24px; }
.root[data-layout="alone"] .dock:has(.composer[hidden]) .round span { clip-path: none; width: auto; height: auto; overflow: visible; top: 66px; font-size: 13px; color: var(--soft); }
.root[data-layout="alone"] .dock:has(.composer[hidden]) .interrupt[aria-disabled="true"] { display: grid; opacity: .38; cursor: default; }

.foot { flex: none; display: flex; flex-wrap: wrap; align-items: center; justify-content: center; gap: 0 12px; padding: 0 20px 12px; margin-top: -4px; font-size: 13px; color: var(--soft); text-align: center; }
.devices { min-height: 44px; max-width: 100%; border: 0; background: none; text-overflow: ellipsis; color: var(--soft); border-radius: 10px; }
.notices { position: absolute; z-index: 2; inset-inline: 12px; top: 50px; display: grid; gap: 8px; pointer-events: none; }
.notice { pointer-events: auto; display: flex; align-items: center; gap: 10px; background: var(--card); border-radius: 18px; padding-inline: 16px 2px; font-size: 14.5px; line-height: 1.4; box-shadow: 0 0 0 1px var(--line), 0 10px 30px rgb(var(--shade) / .16); animation: drop .3s var(--ease) both; }
.notice::before { content: ""; flex: none; width: 8px; height: 8px; border-radius: 50%; background: var(--agent); }
.notice p { flex: 1; padding: 10px 0; }

.consent { position: absolute; inset: auto 0 0; z-index: 3; max-height: 100%; overflow-y: auto; display: flex; flex-direction: column; gap: 12px; padding: 28px 24px 24px; border-radius: 26px 26px 0 0; background: var(--card); box-shadow: 0 0 0 100vmax rgb(var(--shade) / .34); animation: arrive .35s var(--ease) both; }
.consent .title { font: 400 28px/1.15 var(--serif); letter-spacing: -.018em; }
.terms { min-height: 0; overflow-y: auto; white-space: pre-line; line-height: 1.55; color: var(--soft); border-radius: 6px; }
.read { align-self: flex-start; display: inline-flex; align-items: center; min-height: 44px; color: var(--accent); text-underline-offset: 3px; }
.consent .actions { margin: 8px 0 0; flex-direction: column; align-items: stretch; }
.consent .big { padding-inline: 24px; }
.consent .quiet { text-align: center; }
.feedback { flex: none; display: grid; justify-items: center; gap: 8px; padding: 12px 20px 18px; text-align: center; }
.root[data-layout="both"] .feedback { background: var(--card); border-top: 1px solid var(--line); }
.feedback .title { font: 400 19px/1.3 var(--serif); }
.thumbs { display: flex; gap: 10px; }
.thumb { display: grid; place-items: center; width: 52px; height: 52px; border-radius: 50%; color: var(--soft); box-shadow: inset 0 0 0 1px var(--line); transition: color .15s, background-color .15s, box-shadow .15s; }
.thumb:hover { color: var(--ink); box-shadow: inset 0 0 0 1px var(--soft); }
.thumb[aria-pressed="true"] { background: var(--ink); color: var(--paper); box-shadow: none; }
.reasons { width: 100%; display: grid; gap: 8px; }
.why { width: 100%; resize: none; border: 0; border-radius: 16px; padding: 12px 16px; background: var(--paper); box-shadow: inset 0 0 0 1px var(--line); font-size: 16px; line-height: 1.4; }
.why:focus { box-shadow: inset 0 0 0 2px var(--accent); outline: none; }
.why::placeholder { color: var(--soft); opacity: 1; }
.feedback .quiet { min-height: 44px; justify-self: center; }

@keyframes arrive { from { opacity: 0; transform: translateY(6px); } }
@keyframes drop { from { opacity: 0; transform: translateY(-8px); } }
`;
