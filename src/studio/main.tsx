import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App.tsx";
import { governed } from "./host/serviceWorker.ts";
import "./styles/tokens.css";
import "./styles/base.css";
import "./styles/controls.css";

const root = document.getElementById("root");
if (root && (await governed((text) => root.replaceChildren(text)))) {
  createRoot(root).render(
    <StrictMode>
      <App />
    </StrictMode>,
  );
}
