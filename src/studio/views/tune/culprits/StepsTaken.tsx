import { useMemo, useRef } from "react";
import type { Recipe } from "../../../../engine/model/recipe.ts";
import { signed, significant } from "../../../../engine/values/figures.ts";
import { decibel } from "../../../../engine/values/units.ts";
import { useLabels } from "../../../parts/useLabels.ts";
import type { History } from "../../../state/history.ts";
import { probedRange } from "../../../state/probe.ts";
import { isLast } from "../../../state/remedySteps.ts";
import type { Gain, RemedyStep } from "../../../state/slices/results.ts";
import { actions } from "../../../state/store.ts";
import { useStudio } from "../../../state/useStudio.ts";

/** Of the list, what the name of a layer takes at most. */
const NAMES = 0.3;

interface Props {
  readonly steps: readonly RemedyStep[];
  readonly recipe: History<Recipe> | null;
}

/** What was done to the recipe, what each step gained as measured, and the way back. */
export function StepsTaken({ steps, recipe }: Props) {
  const why = useStudio(({ project, view }) =>
    !view.measuring
      ? "not measured: “Measure after each change” is off"
      : probedRange(project) === null
        ? "not measured: no sample is left that does not calibrate"
        : "measuring…",
  );
  const list = useRef<HTMLOListElement>(null);
  const names = useMemo(() => steps.flatMap(({ layer }) => layer ?? []), [steps]);
  const labelOf = useLabels(list, names, NAMES);
  return (
    <section aria-labelledby="steps-heading" data-testid="steps-taken">
      <h3 id="steps-heading">Steps taken</h3>
      <ol ref={list} className="steps-taken">
        {steps.map((step) => {
          const last = isLast(step, recipe);
          const isFor = step.layer !== null && !step.label.includes(step.layer);
          const whole = isFor ? `${step.label} for ${step.layer}` : step.label;
          return (
            <li key={step.depth} className="step-taken" data-testid="step-taken">
              <span className="step-label" title={whole}>
                {step.layer === null ? step.label : step.label.replace(step.layer, labelOf(step.layer))}
                {isFor ? <span className="muted"> for {labelOf(step.layer ?? "")}</span> : null}
              </span>
              <span className="step-gain" data-testid="step-gain">
                {step.gain ? gainText(step.gain) : last ? why : "not measured alone"}
              </span>
              <button
                type="button"
                className="button"
                disabled={!last}
                aria-label={`Undo: ${step.label}`}
                title={last ? "Take this step back" : "Undo the later steps first"}
                onClick={actions.recipeUndone}
                data-testid="step-undo"
              >
                Undo
              </button>
            </li>
          );
        })}
      </ol>
    </section>
  );
}

/** What a step did, with its unit and what it was measured on. */
export function gainText({ sqnr, drop, samples, on }: Gain): string {
  const told = [
    ...(sqnr
      ? [`SQNR of the outputs ${decibel(sqnr[0])} → ${decibel(sqnr[1])} (${signed(sqnr[1] - sqnr[0])} dB)`]
      : []),
    ...(drop ? [`top-1 drop ${significant(100 * drop[0])} → ${significant(100 * drop[1])} pt`] : []),
  ];
  const where = on.startsWith(String(samples)) ? on : `${on} (${samples} read)`;
  return told.length === 0 ? `nothing to compare on ${where}` : `${told.join(", ")}; measured on ${where}`;
}
