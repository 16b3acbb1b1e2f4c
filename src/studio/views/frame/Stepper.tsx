import { calibrate } from "../../state/calibrate.ts";
import { findCodes } from "../../state/codes.ts";
import { evaluate } from "../../state/evaluate.ts";
import { exportFiles } from "../../state/export.ts";
import { takeFineTuning } from "../../state/finetuning.ts";
import { isBusy } from "../../state/recipe.ts";
import { rescue } from "../../state/rescue.ts";
import { learnRounding } from "../../state/rounding.ts";
import { STEPS, type Step } from "../../state/slices/view.ts";
import { type NextAction, nextAction, type Standing, stepStates } from "../../state/steps.ts";
import { actions, studio } from "../../state/store.ts";
import { useFacts } from "../../state/useFacts.ts";
import { useView, useWork } from "../../state/useStudio.ts";
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
    finetune: { text: "Fine-tune", step: "tune", run: showFineTuning },
    codes: { text: "Find codes", step: "tune", run: showCodes },
    evaluate: { text: "Evaluate", step: "tune", run: () => void evaluate() },
    rescue: { text: "Rescue", step: "tune", run: () => void rescue() },
    export: { text: "Export", step: "export", run: () => void exportFiles() },
  };

function showTune(): void {
  const {
    project: { calibration },
    view: { step },
  } = studio.getState();
  if (calibration && step === "calibrate") actions.stepChosen("tune");
}

function showRounding(): void {
  actions.tuneViewChosen("rounding");
  void learnRounding();
}

function showFineTuning(): void {
  actions.tuneViewChosen("rounding");
  void takeFineTuning();
}

function showCodes(): void {
  actions.tuneViewChosen("codes");
  void findCodes();
}

/** The map of the work: where each step stands, and the one button that goes on. */
export function Stepper() {
  const step = useView((view) => view.step);
  const running = useWork((work) => work.job !== null);
  const busy = useWork(isBusy);
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
                onClick={() => actions.stepChosen(name)}
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
            actions.stepChosen(action.step);
            action.run?.();
          }}
        >
          {action.text}
        </button>
      ) : null}
    </nav>
  );
}
