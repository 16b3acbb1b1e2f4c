import { calibrate } from "../../state/calibrate.ts";
import { evaluate } from "../../state/evaluate.ts";
import { exportFiles } from "../../state/export.ts";
import { isBusy } from "../../state/recipe.ts";
import { learnRounding } from "../../state/rounding.ts";
import { type NextAction, nextAction, type Standing, stepStates } from "../../state/steps.ts";
import { STEPS, type Step, studio, useStudio } from "../../state/store.ts";
import { useFacts } from "../../state/useFacts.ts";
import "./Stepper.css";

const STEP_NAMES: Readonly<Record<Step, string>> = {
  model: "Model",
  data: "Data",
  calibrate: "Calibrate",
  tune: "Tune",
  export: "Export",
};

const MARKS: Readonly<Record<Standing, string>> = {
  ...{ done: "✓", ready: "○", stale: "↻", partial: "◐", missing: "–" },
  unneeded: "·",
};

const ACTIONS: Readonly<Record<NextAction, { readonly text: string; readonly step: Step; readonly run?: () => void }>> =
  {
    data: { text: "Add data", step: "data" },
    calibrate: { text: "Calibrate", step: "calibrate", run: () => void calibrate().then(showTune) },
    round: { text: "Learn rounding", step: "tune", run: showRounding },
    evaluate: { text: "Evaluate", step: "tune", run: () => void evaluate() },
    export: { text: "Export", step: "export", run: () => void exportFiles() },
  };

function showTune(): void {
  const { calibration, step } = studio.getState();
  if (calibration && step === "calibrate") studio.setState({ step: "tune" });
}

function showRounding(): void {
  studio.setState({ tuneView: "rounding" });
  void learnRounding();
}

/** The map of the work: where each step stands, and the one button that goes on. */
export function Stepper() {
  const step = useStudio((state) => state.step);
  const running = useStudio((state) => state.job !== null);
  const busy = useStudio(isBusy);
  const facts = useFacts();
  const states = stepStates(facts);
  const next = nextAction(facts);
  const action = next ? ACTIONS[next] : null;
  return (
    <nav className="stepper" aria-label="Steps">
      <ol>
        {STEPS.map((name) => {
          const { standing, note } = states[name];
          return (
            <li key={name}>
              <button
                type="button"
                className={`step ${standing}`}
                aria-current={step === name ? "step" : undefined}
                title={note}
                data-testid={`step-${name}`}
                data-standing={standing}
                onClick={() => studio.setState({ step: name })}
              >
                <span className="step-mark" aria-hidden="true">
                  {MARKS[standing]}
                </span>
                {STEP_NAMES[name]}
                <span className="visually-hidden">, {note}</span>
              </button>
            </li>
          );
        })}
      </ol>
      {action ? (
        <button
          type="button"
          className="button primary"
          data-testid="next"
          disabled={next === "calibrate" ? running : busy}
          onClick={() => {
            studio.setState({ step: action.step });
            action.run?.();
          }}
        >
          {action.text}
        </button>
      ) : null}
    </nav>
  );
}
