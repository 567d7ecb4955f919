/** Takes over what the server rendered; what does not fit together is told on the console. */
import "@duologue/react/styles.css";
import { hydrateRoot } from "react-dom/client";
import { Page } from "./react-hydrated-page.js";

window.called = [];
const root = document.getElementById("root") as HTMLElement;
Object.assign(window, { served: root.querySelector("#count") });
const server = new URLSearchParams(location.search).get("server") ?? location.origin;
hydrateRoot(root, <Page server={server} />, {
  onRecoverableError: (error) => console.error(`not taken over: ${String(error)}`),
});
