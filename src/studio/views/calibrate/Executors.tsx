import type { Calibration } from "../../../../workers/protocol.ts";
import { executorText } from "../../state/execution.ts";

/** What ran the samples, one line each. */
export function Executors({ calibration }: { readonly calibration: Calibration }) {
  return (
    <section className="executors" aria-label="What ran the samples" data-testid="executors">
      <h3>Ran on</h3>
      <ul className="plain">
        {calibration.executors.map((executor, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: a run may come back to where it ran before
          <li key={index}>{executorText(executor)}</li>
        ))}
      </ul>
    </section>
  );
}
