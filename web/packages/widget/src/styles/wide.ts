/** Other shapes: the sheet of a phone, and the two columns of a wide place. */
import { css } from "./css.js";

export const wide = css`
@media (max-width: 480px), (max-height: 460px) and (max-width: 960px) {
  .root[data-shape="corner"] { --edge: 14px; }
  .root[data-shape="corner"] .panel {
    inset: auto 0 auto 0; width: 100%; top: calc(var(--above, 0px) + max(10px, env(safe-area-inset-top, 0px)));
    height: calc(var(--seen, 100dvh) - max(10px, env(safe-area-inset-top, 0px)));
    max-height: calc(100% - 10px); border-radius: 26px 26px 0 0; padding-bottom: env(safe-area-inset-bottom, 0px); transform-origin: bottom;
    box-shadow: 0 0 0 100vmax rgb(var(--shade) / .42), 0 -10px 50px rgb(var(--shade) / .3);
  }
  .root[data-shape="corner"][data-open="false"] .panel { transform: translateY(40px); box-shadow: none; }
  .root[data-shape="corner"] .voices { height: clamp(96px, 28vh, 230px); }
  .root[data-shape="corner"][data-layout="both"] .voices { height: clamp(70px, 15vh, 120px); }
  .root[data-shape="corner"] .name { font-size: 36px; }
  .root[data-shape="corner"] .bubble { max-width: min(280px, calc(100vw - 2 * var(--edge))); }
}
@media (max-height: 460px) {
  .root[data-shape="corner"] :is(.name, .greeting) { display: none; }
}

.root[data-shape="embedded"] .panel { transform: none; }
.root[data-shape="embedded"] .stage { padding-top: 20px; }
@container place (min-height: 0px) {
  .root .voices { height: clamp(60px, 30cqb, 190px); min-height: 0; }
  .root[data-layout="both"] .voices { height: clamp(56px, 17cqb, 116px); }
}
.root[data-shape="embedded"][data-layout="alone"] :is(.dock, .begin, .mend) { width: 100%; max-width: 600px; margin-inline: auto; }
@container place (max-height: 520px) {
  .root .stage { padding-top: 8px; }
  .root[data-layout="alone"] .stage { padding-bottom: 8px; }
  .root .greeting { font-size: 16px; margin-top: 4px; }
  .root .name { margin-top: 6px; font-size: 27px; }
  .root .actions { margin-top: 10px; }
  .root .mend { max-height: 96px; overflow-y: auto; }
  .root[data-layout="both"] .begin { display: none; }
}
@container place (max-height: 430px) {
  .root[data-layout="alone"] .hint { display: none; }
  .root[data-layout="both"]:has(.mend:not([hidden])) .voices { display: none; }
}
@container place (min-width: 560px) and (min-height: 521px) {
  .root .voices { height: clamp(120px, 30cqb, 270px); }
  .root[data-layout="both"] .voices { height: clamp(90px, 20cqb, 170px); }
  .root .name { font-size: clamp(34px, 4.4cqi, 48px); }
  .root .greeting { font-size: 19px; }
  .root .chips { flex-wrap: wrap; justify-content: center; overflow: visible; }
  .root .hint { text-align: center; }
}
@container place (min-width: 760px) {
  .root[data-layout="both"] .panel {
    display: grid; grid-template-columns: minmax(280px, 5fr) minmax(0, 6fr); column-gap: clamp(24px, 4cqi, 64px);
    grid-template-rows: minmax(0, 1fr) auto auto auto;
    max-width: 1344px; margin: 0 auto; padding: 12px clamp(16px, 3cqi, 40px) 24px; overflow: visible;
  }
  .root[data-layout="both"] .panel::before {
    content: ""; grid-column: 2; grid-row: 1 / -1; background: var(--card); border-radius: 24px; box-shadow: inset 0 0 0 1px var(--line);
  }
  /* Each of the left column spans all rows, so that none of them grows for what stands beside it. */
  .root[data-layout="both"] :is(.stage, .mend, .rounds) { grid-column: 1; grid-row: 1 / -1; }
  .root[data-layout="both"] .stage { align-self: center; padding: 0 0 116px; }
  .root[data-layout="both"]:has(.mend:not([hidden])) .stage { align-self: start; padding-top: 12px; }
  .root[data-layout="both"] .voices { height: min(36cqb, 320px, 100cqb - 330px); }
  .root[data-layout="both"]:has(.mend:not([hidden])) .voices { height: min(26cqb, 100cqb - 470px); }
  .root[data-layout="both"] .name { display: block; }
  .root[data-layout="both"] .state { font-size: 17px; margin-top: 8px; }
  .root[data-layout="both"] .mend { align-self: end; margin: 0 0 124px; }
  .root[data-layout="both"] .side { grid-column: 2; grid-row: 1; }
  .root[data-layout="both"] .scroll { border: 0; background: none; padding: 26px 30px 14px; }
  .root[data-layout="both"] .said { max-width: min(520px, 88%); }
  .root[data-layout="both"] .begin { grid-column: 2; grid-row: 2; padding: 4px 26px 12px; background: none; }
  .root[data-layout="both"] .chips { justify-content: flex-start; margin: 6px 0 0; padding: 2px 0; }
  .root[data-layout="both"] .hint { text-align: start; }
  .root[data-layout="both"] .feedback { grid-column: 2; grid-row: 2; background: none; border: 0; }
  .root[data-layout="both"] .dock { display: contents; }
  .root[data-layout="both"] .dock .composer .send { display: grid !important; }
  .root[data-layout="both"] .composer { grid-column: 2; grid-row: 3; margin: 4px 16px 16px; }
  .root[data-layout="both"] .rounds { align-self: end; justify-content: center; gap: 30px; padding: 10px 0 24px; }
  .root[data-layout="both"] .round { width: 60px; height: 60px; }
  .root[data-layout="both"] .round:not(.end, .speak, [data-on]) { background: var(--card); }
  .root[data-layout="both"] .round span { clip-path: none; width: auto; height: auto; overflow: visible; top: 66px; font-size: 13px; color: var(--soft); }
  .root[data-layout="both"] .interrupt[aria-disabled="true"] { display: grid; opacity: .4; cursor: default; }
  .root[data-layout="both"] .foot { grid-column: 2; grid-row: 4; background: none; padding: 0 20px 14px; }
  .root[data-layout="both"] .notices { inset-inline: auto 0; width: 380px; }
}
@container place (max-height: 640px) {
  .root[data-layout="both"] .chips { flex-wrap: nowrap; overflow-x: auto; }
}
`;
