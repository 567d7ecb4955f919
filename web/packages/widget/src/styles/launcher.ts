/** The closed widget, in its corner. */
import { css } from "./css.js";

export const launcher = css`
.launcher {
  position: fixed; z-index: var(--duologue-z, 2147483000); display: flex; align-items: center; gap: 10px;
  min-width: var(--bell); height: var(--bell); max-width: calc(100vw - 2 * var(--edge)); padding-inline: 12px 22px;
  border-radius: 99px; background: var(--card); color: var(--ink);
  box-shadow: 0 0 0 1px rgb(var(--shade) / .06), 0 2px 5px rgb(var(--shade) / .06), 0 12px 32px -8px rgb(var(--shade) / calc(var(--deep) * 1.2));
  font-size: 16px; font-weight: 500; line-height: 1.2;
  transition: transform .32s var(--ease), opacity .2s ease, box-shadow .25s ease, visibility 0s;
}
.launcher:hover { transform: translateY(-2px); box-shadow: 0 0 0 1px rgb(var(--shade) / .08), 0 4px 8px rgb(var(--shade) / .07), 0 18px 40px -8px rgb(var(--shade) / calc(var(--deep) * 1.5)); }
.launcher:active { transform: scale(.97); }
.launcher:focus-visible { outline-offset: 3px; }
.mini { width: 54px; height: 36px; flex: none; pointer-events: none; }
.label { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; padding-block: 4px; }
.unread {
  position: absolute; inset-block-start: -4px; inset-inline-end: -2px; min-width: 22px; height: 22px; padding: 0 6px;
  border-radius: 11px; background: var(--agent); color: #fff; font-size: 12px; font-weight: 600; line-height: 22px; text-align: center;
  box-shadow: 0 0 0 2px var(--card); animation: pop .35s var(--ease) both;
}
.root[data-theme="light"] .unread { background: var(--accent); }
.root[data-theme="dark"] .unread { background: var(--accent); color: var(--paper); }
.root[data-size="compact"] .launcher { padding: 0; justify-content: center; width: var(--bell); }
.root[data-size="compact"] .label { position: absolute; clip-path: inset(50%); width: 1px; padding: 0; }
.root[data-size="compact"] .mini { width: 46px; height: 32px; }
.root[data-size="large"] .launcher { font-size: 17.5px; padding-inline: 14px 26px; }
.root[data-size="large"] .mini { width: 62px; height: 42px; }

.root[data-position$="right"] :is(.launcher, .bubble) { right: calc(var(--edge) + env(safe-area-inset-right, 0px)); }
.root[data-position$="left"] :is(.launcher, .bubble) { left: calc(var(--edge) + env(safe-area-inset-left, 0px)); }
.root[data-position^="bottom"] .launcher { bottom: calc(var(--edge) + env(safe-area-inset-bottom, 0px)); }
.root[data-position^="top"] .launcher { top: calc(var(--edge) + env(safe-area-inset-top, 0px)); }
.root[data-position^="bottom"] .bubble { bottom: calc(var(--edge) + var(--bell) + 14px + env(safe-area-inset-bottom, 0px)); }
.root[data-position^="top"] .bubble { top: calc(var(--edge) + var(--bell) + 14px + env(safe-area-inset-top, 0px)); }
.root[data-shape="inline"] .launcher { position: relative; }
.root[data-shape="inline"][data-open="true"] .launcher, .root[data-shape="inline"] .bubble { display: none; }
.root[data-shape="embedded"] :is(.launcher, .bubble) { display: none; }
.root[data-shape="corner"][data-open="true"] .launcher { opacity: 0; visibility: hidden; transform: scale(.86); transition-delay: 0s, 0s, 0s, .2s; }

.bubble {
  position: fixed; z-index: var(--duologue-z, 2147483000); display: flex; align-items: flex-start; max-width: min(300px, calc(100vw - 2 * var(--edge)));
  border-radius: 20px; background: var(--card);
  box-shadow: 0 0 0 1px rgb(var(--shade) / .06), 0 2px 5px rgb(var(--shade) / .05), 0 12px 32px -8px rgb(var(--shade) / var(--deep));
  animation: rise .45s var(--ease) both;
}
.root[data-position="bottom-right"] .bubble { border-end-end-radius: 6px; }
.root[data-position="bottom-left"] .bubble { border-end-start-radius: 6px; }
.words { min-height: 44px; padding: 13px 0; padding-inline-start: 18px; font: 400 16.5px/1.4 var(--serif); border-radius: inherit; }
.away, .dismiss { flex: none; display: grid; place-items: center; width: 44px; height: 44px; color: var(--soft); border-radius: 50%; }
.away .icon, .dismiss .icon { width: 18px; height: 18px; }
.away:hover, .dismiss:hover { color: var(--ink); }

@keyframes rise { from { opacity: 0; transform: translateY(8px); } }
@keyframes pop { from { transform: scale(0); } }
`;
