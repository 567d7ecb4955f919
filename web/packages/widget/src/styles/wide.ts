/** Other shapes: the sheet of a phone, and the two columns of a wide place. */
import { css } from "./css.js";

export const wide = css`
@media (max-width: 480px), (max-height: 460px) and (max-width: 960px) {
  .root[data-shape="corner"] { --edge: 14px; }
  .root[data-shape="corner"] .panel {
    inset: auto 0 auto 0; width: 100%; top: calc(var(--above, 0px) + max(10px, env(safe-area-inset-top, 0px)));
    height: calc(var(--seen, 100dvh) - max(10px, env(safe-area-inset-top, 0px)));
    border-radius: 26px 26px 0 0; padding-bottom: env(safe-area-inset-bottom, 0px); transform-origin: bottom;
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

.root[data-shape="embedded"] .stage { padding-top: 20px; }
.root[data-shape="embedded"][data-layout="alone"] .stage { flex: 1 1 auto; }
.root[data-shape="embedded"][data-layout="alone"] :is(.dock, .begin, .mend) { width: 100%; max-width: 560px; margin-inline: auto; }
@container (min-width: 560px) {
  .root[data-shape="embedded"] .voices, .panel .voices { height: clamp(150px, 30vh, 270px); }
  .panel .name { font-size: clamp(34px, 5cqi, 48px); }
  .panel .greeting { font-size: 19px; }
}
@container (min-width: 760px) {
  .panel { --gap: clamp(20px, 4cqi, 60px); }
  .panel:not(.x) { background: none; }
  .stage { padding-inline: 0; }
  .chips { flex-wrap: wrap; justify-content: center; margin-inline: 0; }
  .hint { text-align: center; }
  .begin { padding-bottom: 16px; }
}
@container (min-width: 760px) {
  .both-wide { display: block; }
}
`;
