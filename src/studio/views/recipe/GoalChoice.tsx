import { significant } from "../../../engine/values/figures.ts";
import { Choice } from "../../parts/Choice.tsx";
import { Notices } from "../../parts/Notices.tsx";
import type { MeasuredSpeed } from "../../state/slices/results.ts";
import { chooseGoal, type Goal, goalOf, speedIsStale, untimeable } from "../../state/speed.ts";
import { useProject, useResults, useStudio, useWork } from "../../state/useStudio.ts";
import "./GoalChoice.css";

/** What it is decided by which layers are quantized, and what was timed for it. */
export function GoalChoice() {
  const goal = useStudio(goalOf);
  const reason = useProject(untimeable);
  const speed = useResults((results) => results.speed);
  const stale = useStudio(speedIsStale);
  const busy = useWork((work) => work.job !== null);
  return (
    <>
      <Choice<Goal>
        label="Goal"
        value={goal}
        disabled={busy}
        options={[
          { value: "fidelity", text: "fidelity (default)" },
          {
            value: "speed",
            text: reason ? `speed (${reason})` : "speed, measured",
            disabled: reason !== null && goal !== "speed",
          },
          ...(goal === "own" ? [{ value: goal, text: "as chosen below" }] : []),
        ]}
        onChoose={chooseGoal}
        testId="goal"
      />
      {speed && goal === "speed" ? <Measured {...speed} stale={stale} /> : null}
    </>
  );
}

function Measured({ trial, on, notice, stale }: MeasuredSpeed & { readonly stale: boolean }) {
  const { float, candidates, runs, written } = trial;
  return (
    <div className={stale ? "goal-speed stale" : "goal-speed"} data-testid="goal-speed">
      {stale ? <p className="hint">Stale: timed before the last change.</p> : null}
      <Notices notices={notice ? [notice] : []} label="Notices about speed" />
      <table className="table figures">
        <caption>
          Median of {runs} runs in turn, a sample each: {on}
        </caption>
        <tbody>
          {[{ name: "float model", milliseconds: float }, ...candidates].map(({ name, milliseconds }) => (
            <tr key={name}>
              <th scope="row">{name === written ? `${name}, written` : name}</th>
              <td className="number">{significant(milliseconds)} ms</td>
            </tr>
          ))}
        </tbody>
      </table>
      <p className="muted small">
        Elsewhere another may be the fastest: <code>octet quantize --goal speed</code> measures there.
      </p>
    </div>
  );
}
