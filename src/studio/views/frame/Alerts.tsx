import { actions } from "../../state/store.ts";
import { useWork } from "../../state/useStudio.ts";
import { Elsewhere } from "./Elsewhere.tsx";
import { Newer } from "./Newer.tsx";
import "./Alerts.css";

/** What went wrong: one sentence each, until dismissed or, where its cause can go, until that is gone. */
export function Alerts() {
  const alerts = useWork((work) => work.alerts);
  return (
    <section className="alerts" aria-label="Alerts">
      <Newer />
      <Elsewhere />
      {alerts.map((alert) => (
        <div key={alert.id} role="alert" className="alert">
          <div>
            <p>{alert.message}</p>
            {alert.details ? (
              <details>
                <summary>Details</summary>
                <pre>{alert.details}</pre>
              </details>
            ) : null}
          </div>
          <button type="button" className="button" onClick={() => actions.alertDismissed(alert.id)}>
            Dismiss
          </button>
        </div>
      ))}
    </section>
  );
}
