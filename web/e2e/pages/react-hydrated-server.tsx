/** The page as a server sends it, which knows no window. */
import { renderToString } from "react-dom/server";
import { Page } from "./react-hydrated-page.js";

export const markup = `<div id="root">${renderToString(<Page server="" />)}</div>`;
