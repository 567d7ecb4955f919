/** Opens the document's two surfaces. */
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";

import { App } from "./react-surfaces";

createRoot(document.body.appendChild(document.createElement("main"))).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
