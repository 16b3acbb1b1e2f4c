import { useState } from "react";
import { plural } from "../../../engine/values/figures.ts";
import { useWork } from "../../state/useStudio.ts";
import { Device } from "./Device.tsx";
import { JobLine } from "./JobLine.tsx";
import "./Bottom.css";

/** The running job and the log, newest entry first. */
export function Bottom() {
  const [open, setOpen] = useState(false);
  const log = useWork((work) => work.log);
  const idle = useWork((work) => work.job === null);
  const warnings = log.filter((entry) => entry.level !== "info").length;
  return (
    <footer className="bottom">
      <div className="bottom-line">
        <JobLine />
        {idle ? (
          <span className="bottom-last muted" role="status" title={log[0]?.text}>
            {log[0]?.text}
          </span>
        ) : null}
        <Device />
        <button
          type="button"
          className="button quiet"
          aria-expanded={open}
          aria-controls="log"
          data-testid="log-toggle"
          onClick={() => setOpen(!open)}
        >
          Log ({plural(warnings, "warning")})
        </button>
      </div>
      {open ? (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: the log scrolls by keyboard
        <ol id="log" className="log" aria-label="Log, newest first" data-testid="log" tabIndex={0}>
          {log.map((entry) => (
            <li key={entry.id} className={entry.level}>
              <time>{new Date(entry.time).toLocaleTimeString("en-GB")}</time>
              <span className="log-level">{entry.level}</span>
              <span>{entry.text}</span>
            </li>
          ))}
        </ol>
      ) : null}
    </footer>
  );
}
