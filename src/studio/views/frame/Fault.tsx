import { Component, type ReactNode } from "react";
import { saveSoon } from "../../state/persistence.ts";
import "./Start.css";

interface State {
  readonly error: Error | null;
}

/** As Chromium, Firefox and WebKit say it of a script, and Vite of a style sheet. */
const NOT_LOADED = /dynamically imported module|importing a module script failed|unable to preload css/i;

/** Stands in for the page where a part of it fails or could not be loaded. */
export class Fault extends Component<{ readonly children: ReactNode }, State> {
  override state: State = { error: null };

  static getDerivedStateFromError(error: Error): State {
    return { error };
  }

  override componentDidCatch(): void {
    saveSoon();
  }

  override render(): ReactNode {
    const { error } = this.state;
    if (!error) return this.props.children;
    const isMissing = NOT_LOADED.test(error.message);
    return (
      <main className="start" data-testid="fault">
        <h1>Octet</h1>
        <p role="alert">
          {isMissing
            ? "A part of Octet could not be loaded: there is no network, or a newer version took its place. Reload the page; what was done is kept."
            : "Octet met a fault of its own. Reload the page; what was done is kept."}
        </p>
        <p className="start-ways">
          <button type="button" className="button primary" onClick={() => location.reload()}>
            Reload
          </button>
        </p>
        <details>
          <summary>Details</summary>
          <pre>{error.stack ?? error.message}</pre>
        </details>
      </main>
    );
  }
}
