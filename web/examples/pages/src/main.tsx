import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./app.js";
import "./site.css";

const site = document.getElementById("site");
if (site === null) throw new Error("index.html has no #site");
createRoot(site).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
