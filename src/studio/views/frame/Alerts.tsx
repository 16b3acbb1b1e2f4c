import { dismiss } from "../../state/log.ts";
import { useStudio } from "../../state/store.ts";
import "./Alerts.css";

/** What went wrong: one sentence each, until dismissed. */
export function Alerts() {
  const alerts = useStudio((state) => state.alerts);
  return (
    <div className="alerts">
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
          <button type="button" className="button" onClick={() => dismiss(alert.id)}>
            Dismiss
          </button>
        </div>
      ))}
    </div>
  );
}
